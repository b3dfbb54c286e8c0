namespace Dpf.Ovsdb.Wire;

/// <summary>The database server answered a request with an error.</summary>
public sealed class JsonRpcException(string method, string error) : Exception($"the database server refused '{method}': {error}")
{
    /// <summary>The method called.</summary>
    public string Method { get; } = method;

    /// <summary>The error as the server wrote it.</summary>
    public string Error { get; } = error;
}
