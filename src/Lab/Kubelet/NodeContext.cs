using Dpf.Lab.Kubelet.Devices;
using Dpf.Lab.Kubelet.Networking;
using Dpf.Lab.Kubelet.Volumes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet;

/// <summary>What the parts of one kubelet share.</summary>
internal sealed class NodeContext
{
    public NodeContext(KubeletOptions options, KubeClient client)
    {
        Options = options;
        Client = client;
        Logger = options.Loggers.CreateLogger($"kubelet.{options.NodeName}");
        Events = new EventRecorder(client, "kubelet", options.Time, Logger);
        Devices = new DeviceManager(options.Machine, options.Time, Logger);
        Watches = new ObjectWatches(client, options.Time, Logger);
        Sandboxes = new Sandboxes(this);
    }

    public KubeletOptions Options { get; }

    public IMachine Machine => Options.Machine;

    public TimeProvider Time => Options.Time;

    public KubeClient Client { get; }

    public ILogger Logger { get; }

    public EventRecorder Events { get; }

    public DeviceManager Devices { get; }

    public ObjectWatches Watches { get; }

    public Sandboxes Sandboxes { get; }

    public DateTime Now => Time.GetUtcNow().UtcDateTime;

    public Task DelayAsync(TimeSpan delay, CancellationToken cancellation) => Task.Delay(delay, Time, cancellation);
}
