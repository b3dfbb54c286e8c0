using System.Collections.Concurrent;
using Dpf.Api.Schemas;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Testing;

/// <summary>
/// What the conditions of a kind's objects ever said, as a watch shows it: a word that stands for a moment only is in it as well.
/// </summary>
internal sealed class ConditionHistory<T> : IAsyncDisposable
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ConcurrentQueue<(string Name, V1Condition Condition)> _said = [];
    private readonly Cache _cache;
    private readonly Func<T, IConditioned?> _status;

    private ConditionHistory(KubeClient client, Func<T, IConditioned?> status) =>
        (_cache, _status) = (new Cache(client, TimeProvider.System, NullLoggerFactory.Instance), status);

    /// <summary>Follows all objects of the kind from now on.</summary>
    public static async Task<ConditionHistory<T>> FollowAsync(KubeClient client, Func<T, IConditioned?> status)
    {
        var history = new ConditionHistory<T>(client, status);
        var informer = history._cache.Informer<T>();
        informer.Changed += change => history.Note(change.Value);
        await informer.Synced.WaitAsync(TestContext.Current.CancellationToken);
        return history;
    }

    /// <summary>The reasons of a condition, each once, in the order in which they came up; not what it said before anybody looked.</summary>
    public IReadOnlyList<string> Reasons(string name, string type) =>
    [
        .. _said.Where(s => s.Name == name && s.Condition.Type == type && s.Condition.Status != "Unknown")
            .Select(s => s.Condition.Reason).Distinct(StringComparer.Ordinal),
    ];

    public ValueTask DisposeAsync() => _cache.DisposeAsync();

    private void Note(T value)
    {
        foreach (var condition in _status(value)?.Conditions ?? [])
        {
            _said.Enqueue((value.Metadata.Name, condition));
        }
    }
}
