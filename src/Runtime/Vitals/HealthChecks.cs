using System.Collections.Concurrent;
using System.Text;

namespace Dpf.Runtime.Vitals;

/// <summary>Named checks of a component, answered in the words that <c>/healthz</c> and <c>/readyz</c> have everywhere.</summary>
public sealed class HealthChecks
{
    private const string Ping = "ping";
    private readonly ConcurrentDictionary<string, Func<string?>> _readiness = new(StringComparer.Ordinal);

    /// <summary>The checks of readiness by name, the one that always passes included.</summary>
    public IEnumerable<string> Names => _readiness.Keys.Append(Ping).Order(StringComparer.Ordinal);

    /// <summary>Adds a check of readiness, or replaces the one of that name.</summary>
    /// <param name="name">What is checked, e.g. <c>controller-dpu</c>.</param>
    /// <param name="problem">Says what is missing; null while all is well.</param>
    public void AddReadiness(string name, Func<string?> problem) => _readiness[name] = problem;

    /// <summary>Takes a check back: what it checked has ended in order.</summary>
    public void RemoveReadiness(string name) => _readiness.TryRemove(name, out _);

    /// <summary>Whether the process answers at all; nothing that a restart would not heal is part of it.</summary>
    public HealthAnswer Liveness(bool verbose) => Answer("healthz", [Ping], verbose);

    /// <summary>Whether every check passes.</summary>
    /// <param name="verbose">Names the checks also when all pass; when one fails they are always named.</param>
    /// <param name="exclude">Checks to leave out.</param>
    public HealthAnswer Readiness(bool verbose, IReadOnlyCollection<string> exclude) =>
        Answer("readyz", Names.Where(name => !exclude.Contains(name)), verbose);

    /// <summary>One check alone; null when there is none of that name.</summary>
    public HealthAnswer? Readiness(string name) =>
        name != Ping && !_readiness.ContainsKey(name) ? null
        : Problem(name) is { } problem ? new HealthAnswer(false, $"internal server error: {problem}")
        : new HealthAnswer(true, "ok");

    private HealthAnswer Answer(string endpoint, IEnumerable<string> names, bool verbose)
    {
        var text = new StringBuilder();
        var passed = true;
        foreach (var name in names)
        {
            var problem = Problem(name);
            passed &= problem is null;
            text.Append(problem is null ? $"[+]{name} ok\n" : $"[-]{name} failed: {problem}\n");
        }

        return new HealthAnswer(passed, passed && !verbose ? "ok" : text.Append($"{endpoint} check {(passed ? "passed" : "failed")}\n").ToString());
    }

    private string? Problem(string name) => _readiness.TryGetValue(name, out var problem) ? problem() : null;
}

/// <summary>The answer of a health endpoint.</summary>
/// <param name="Passed">200 or 500.</param>
/// <param name="Text">The body.</param>
public sealed record HealthAnswer(bool Passed, string Text);
