using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Volumes;

/// <summary>Watches of single objects that pods' volumes are made of; shared by the pods, ended with the last of them.</summary>
internal sealed class ObjectWatches(KubeClient client, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(Type, string, string), IEntry> _entries = [];

    private interface IEntry
    {
        int Uses { get; set; }

        Task StopAsync();
    }

    /// <summary>Watches an object from now on, until disposed.</summary>
    public ObjectWatch<T> Open<T>(string ns, string name, Action changed)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var key = (typeof(T), ns, name);
        Entry<T> entry;
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var found))
            {
                found = _entries[key] = new Entry<T>(
                    new Informer<T>(client, new InformerScope(ns, null, "metadata.name=" + name), time, logger));
            }

            found.Uses++;
            entry = (Entry<T>)found;
        }

        void OnChange(InformerChange<T> change) => changed();
        entry.Informer.Changed += OnChange;
        return new ObjectWatch<T>(entry.Informer, ns, name, () =>
        {
            entry.Informer.Changed -= OnChange;
            lock (_lock)
            {
                if (--entry.Uses == 0)
                {
                    _entries.Remove(key);
                    _ = entry.StopAsync();
                }
            }
        });
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        List<IEntry> rest;
        lock (_lock)
        {
            rest = [.. _entries.Values];
            _entries.Clear();
        }

        await Task.WhenAll(rest.Select(e => e.StopAsync()));
    }

    private sealed class Entry<T> : IEntry
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public Entry(Informer<T> informer)
        {
            Informer = informer;
            var token = _stop.Token;
            _running = Task.Run(() => informer.RunAsync(token), CancellationToken.None);
        }

        public Informer<T> Informer { get; }

        public int Uses { get; set; }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }
    }
}

/// <summary>One watched object.</summary>
internal sealed class ObjectWatch<T>(Informer<T> informer, string ns, string name, Action close) : IDisposable
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The object now, or null; waits for the first list.</summary>
    public async Task<T?> GetAsync(CancellationToken cancellation)
    {
        await informer.Synced.WaitAsync(cancellation);
        return informer.Get(ns, name);
    }

    /// <inheritdoc />
    public void Dispose() => close();
}
