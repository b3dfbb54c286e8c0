using System.Collections.Concurrent;
using Dpf.Runtime.Clusters;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Runtime.Informers;

/// <summary>The informers of one cluster, shared by the controllers of one component; each starts when first asked for.</summary>
public sealed class Cache(KubeClient client, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(Type, InformerScope), Lazy<IInformer>> _informers = new();
    private readonly ConcurrentBag<Task> _running = [];
    private readonly CancellationTokenSource _stop = new();

    /// <summary>The cluster.</summary>
    public KubeClient Client { get; } = client;

    /// <summary>The informer of a kind and scope; started on first use.</summary>
    /// <param name="scope">What to look at; null for everything.</param>
    /// <param name="prepare">Adds indexes before the informer starts; runs only when this call creates it.</param>
    public Informer<T> Informer<T>(InformerScope? scope = null, Action<Informer<T>>? prepare = null)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (Informer<T>)_informers.GetOrAdd((typeof(T), scope ?? new InformerScope()), key => new Lazy<IInformer>(() =>
        {
            var informer = new Informer<T>(Client, key.Item2, time, loggers.CreateLogger("informer"));
            prepare?.Invoke(informer);
            _running.Add(Task.Run(() => informer.RunAsync(_stop.Token)));
            return informer;
        })).Value;

    /// <summary>Waits until every informer asked for so far has been complete once.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellation) =>
        Task.WhenAll(_informers.Values.Select(informer => informer.Value.Synced)).WaitAsync(cancellation);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }
}
