using System.Net.Sockets;
using Dpf.Lab.Addons.Multus;
using Dpf.Lab.Addons.Sriov;
using Dpf.Lab.Kubelet.Devices;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Lab.Tests;

public sealed class KubeletDeviceTests
{
    private const string Resource = "nvidia.com/bf3-p0-vfs";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_plugin_registers_and_its_devices_go_to_pods_and_come_back()
    {
        using var machine = new FolderMachine();
        var device = Directory.CreateDirectory(machine.Path("/sys/class/net/ens1f0np0/device")).FullName;
        for (var i = 0; i < 3; i++)
        {
            File.CreateSymbolicLink($"{device}/virtfn{i}", $"../0000:03:00.{i + 2}");
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var devices = new DeviceManager(machine, TimeProvider.System, NullLogger.Instance);
        var changed = new SemaphoreSlim(0);
        devices.Changed += () => changed.Release();
        var serving = devices.RunAsync(stop.Token);
        var context = new ComponentContext { Name = "plugin", Machine = machine, Network = machine.Network, Loggers = NullLoggerFactory.Instance };
        var plugin = new DevicePool(context, Resource, [FunctionRange.Parse("ens1f0np0")]).RunAsync(stop.Token);
        Assert.True(await changed.WaitAsync(TimeSpan.FromSeconds(10), Cancellation));
        Assert.Equal([(Resource, 3, 3)], devices.Resources);

        var first = await devices.AllocateAsync(Pod("one"), Cancellation);
        var second = devices.AllocateAsync(Pod("two"), Cancellation);
        Assert.Equal("0000:03:00.2,0000:03:00.3", first["c"].Environment["PCIDEVICE_NVIDIA_COM_BF3_P0_VFS"]);
        var checkpoint = await File.ReadAllTextAsync(machine.Path(DeviceAllocations.File), Cancellation);
        Assert.Equal(["0000:03:00.2", "0000:03:00.3"], DeviceAllocations.Of(checkpoint, "one", Resource));
        Assert.False(second.IsCompleted);

        devices.Release("one");
        await second.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);

        await stop.CancelAsync();
        await Task.WhenAll(serving, plugin).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private static V1Pod Pod(string uid) => new()
    {
        Metadata = new V1ObjectMeta { Name = uid, NamespaceProperty = "n", Uid = uid },
        Spec = new V1PodSpec
        {
            Containers =
            [
                new V1Container
                {
                    Name = "c",
                    Resources = new V1ResourceRequirements
                    {
                        Limits = new Dictionary<string, ResourceQuantity> { [Resource] = new("2"), ["cpu"] = new("1") },
                    },
                },
            ],
        },
    };

    private sealed class FolderMachine : IMachine, INetworkNamespace, IDisposable
    {
        private readonly string _root = Directory.CreateTempSubdirectory("dpf-dev-").FullName;

        public string HostName => "test";

        public INetworkNamespace Network => this;

        string INetworkNamespace.Path => "/proc/self/ns/net";

        public string Path(string absolutePath) => _root + absolutePath;

        public INetworkNamespace NetworkAt(string absolutePath) => this;

        public Task<CommandResult> RunAsync(MachineCommand command, CancellationToken cancellation) => throw new NotSupportedException();

        public IMachineProcess Start(MachineCommand command) => throw new NotSupportedException();

        public Socket CreateSocket(AddressFamily family, SocketType type, ProtocolType protocol) => new(family, type, protocol);

        public void Dispose() => Directory.Delete(_root, recursive: true);
    }
}
