namespace Dpf.Helm.Templates;

/// <summary>A template does not parse, or its execution failed. The message says where.</summary>
public class TemplateException : Exception
{
    /// <summary>A failure with Go's message.</summary>
    public TemplateException(string message)
        : base(message)
    {
    }

    /// <summary>A failure with its cause.</summary>
    public TemplateException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>A template does not parse.</summary>
/// <param name="name">The template's file.</param>
/// <param name="line">The line, from 1.</param>
/// <param name="reason">What is wrong.</param>
public sealed class TemplateParseException(string name, int line, string reason)
    : TemplateException($"template: {name}:{line}: {reason}")
{
    /// <summary>The template's file.</summary>
    public string Template { get; } = name;

    /// <summary>The line, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>What is wrong.</summary>
    public string Reason { get; } = reason;
}

/// <summary>A template asked to stop with a message of its author: <c>required</c> and <c>fail</c>.</summary>
public sealed class TemplateFailedException : TemplateException
{
    /// <summary>The author's message, before it is known where.</summary>
    public TemplateFailedException(string reason)
        : base(reason) => Reason = reason;

    /// <summary>The author's message at a place.</summary>
    public TemplateFailedException(string reason, string place, Exception inner)
        : base($"execution error at ({place}): {reason}", inner)
    {
        Reason = reason;
        Place = place;
    }

    /// <summary>The author's message.</summary>
    public string Reason { get; }

    /// <summary>File, line and column; null before it is known.</summary>
    public string? Place { get; }
}

/// <summary>What a function says when it cannot.</summary>
internal sealed class FunctionException(string message) : Exception(message);
