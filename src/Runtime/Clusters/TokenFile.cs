namespace Dpf.Runtime.Clusters;

/// <summary>A token that a kubelet writes anew long before it ends: read again every few seconds, not at every request.</summary>
/// <param name="path">The file.</param>
internal sealed class TokenFile(string path)
{
    private static readonly long FreshMilliseconds = (long)TimeSpan.FromSeconds(10).TotalMilliseconds;
    private (string Token, long Read)? _last;

    /// <summary>The token. A secret.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public string Read()
    {
        var now = Environment.TickCount64;
        if (_last is var (token, read) && now - read < FreshMilliseconds)
        {
            return token;
        }

        token = File.ReadAllText(path).Trim();
        _last = (token, now);
        return token;
    }
}
