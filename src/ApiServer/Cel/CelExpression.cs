using System.Collections.Concurrent;
using Cel;

namespace Dpf.ApiServer.Cel;

/// <summary>An expression in the Common Expression Language, compiled once.</summary>
internal sealed class CelExpression
{
    private static readonly ConcurrentDictionary<string, CelExpression> Known = new(StringComparer.Ordinal);
    private static readonly CelEnvironment Environment = new(null, null);
    private readonly Lazy<CelProgramDelegate> _program;

    private CelExpression(string text) => _program = new(() => Environment.Compile(text));

    /// <summary>The expression of a text.</summary>
    public static CelExpression Of(string text) => Known.GetOrAdd(text, t => new CelExpression(t));

    /// <summary>Its value for some variables.</summary>
    /// <exception cref="CelEvaluationException">It has none: it cannot be parsed, or asks for what is not there.</exception>
    public object? Value(Dictionary<string, object?> variables)
    {
        try
        {
            return _program.Value(variables);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or StackOverflowException))
        {
            throw new CelEvaluationException(e.Message, isUnknown: e is CelUnboundFunctionException, e);
        }
    }
}

/// <summary>An expression has no value.</summary>
/// <param name="message">Why.</param>
/// <param name="isUnknown">Whether it calls a function that is not known here.</param>
/// <param name="inner">What the evaluation said.</param>
internal sealed class CelEvaluationException(string message, bool isUnknown, Exception inner) : Exception(message, inner)
{
    /// <summary>Whether it calls a function that is not known here.</summary>
    public bool IsUnknown => isUnknown;
}
