using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Dpf.Lab.BlueField;
using Dpf.Lab.Fabric;
using Dpf.Lab.Kubelet;
using Dpf.Lab.Machines;
using Dpf.Lab.Repository;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Machines;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Topologies;

/// <summary>
/// The topology that the guide expects: a control-plane node, workers with a BlueField each that are not in the cluster yet, the
/// two networks, and the servers that its prerequisites name.
/// </summary>
public sealed class GuideLab : IAsyncDisposable
{
    /// <summary>The port of the chart repository.</summary>
    public const int ChartPort = 5000;

    private readonly LabOptions _options;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<WorkerMachine> _workers = [];
    private readonly List<NodeRunner> _nodes = [];
    private readonly List<Task> _watching = [];
    private readonly SemaphoreSlim _turn = new(1, 1);
    private IReadOnlyDictionary<string, IComponent> _components = new Dictionary<string, IComponent>();
    private LabNetwork? _network;
    private Machine? _controlPlane;
    private ManagementCluster? _cluster;
    private ChartRepository? _repository;

    private GuideLab(LabOptions options) => (_options, _logger) = (options, options.Loggers.CreateLogger("lab"));

    /// <summary>The network of the machine that serves charts.</summary>
    public INetworkNamespace ServicesNetwork => _network!.Machine.Network;

    /// <summary>Builds the lab.</summary>
    /// <param name="options">What it is made of.</param>
    /// <param name="stage">Told the title of each stage as it begins.</param>
    /// <param name="cancellation">Gives up; what was built is removed.</param>
    public static async Task<GuideLab> StartAsync(LabOptions options, Action<string> stage, CancellationToken cancellation)
    {
        var lab = new GuideLab(options);
        try
        {
            await lab.BuildAsync(stage, cancellation);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>The card in a worker.</summary>
    /// <param name="node">The worker's name.</param>
    /// <exception cref="ArgumentException">There is no such worker.</exception>
    public BlueFieldCard CardOf(string node) =>
        _workers.Find(w => w.Machine.HostName == node)?.Card ?? throw new ArgumentException($"no worker '{node}' in this lab", nameof(node));

    /// <summary>Joins the workers to the cluster; those that are in it already stay.</summary>
    public async Task AddWorkersAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            foreach (var worker in _workers.Where(w => !_nodes.Exists(n => n.Options.NodeName == w.Machine.HostName)))
            {
                _nodes.Add(await JoinAsync(worker.Machine, worker.Address, Prerequisites.Worker(worker.Machine.HostName), [], cancellation));
                await PrepareAsync(worker.Machine.HostName, Prerequisites.WorkerByAdministrator(worker.Machine.HostName), cancellation);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Reboots a machine: a worker with its card, or a card alone under its running host.</summary>
    /// <param name="name">A worker, or a DPU: its name in the DPU cluster, or that of its computer.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ArgumentException">There is no such machine.</exception>
    public async Task RebootAsync(string name, CancellationToken cancellation)
    {
        if (_workers.Find(w => w.Machine.HostName == name) is { } worker)
        {
            worker.RequestReboot();
            return;
        }

        var host = _workers.Find(w => w.Card.Computer.HostName == name || w.Card.System.HostName == name) ?? throw new ArgumentException(
            $"no machine '{name}' in this lab; there are {string.Join(", ", _workers.SelectMany(w => new[] { w.Machine.HostName, w.Card.System.HostName }))}",
            nameof(name));
        await host.RebootCardAsync(cancellation);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_watching).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_nodes.Select(n => n.DisposeAsync().AsTask())).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_repository is not null)
        {
            await _repository.DisposeAsync();
        }

        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }

        if (_controlPlane is not null)
        {
            await _controlPlane.DisposeAsync();
        }

        if (_network is not null)
        {
            await _network.DisposeAsync();
        }

        _stop.Dispose();
        _turn.Dispose();
    }

    private async Task BuildAsync(Action<string> stage, CancellationToken cancellation)
    {
        stage("Networks");
        _network = await LabNetwork.StartAsync(_options.StateRoot, _options.IsDual, cancellation);
        _components = _options.Components(this);
        stage("Machines");
        var serving = ServeAsync(cancellation);
        var workers = Enumerable.Range(1, _options.Workers)
            .Select(n => WorkerMachine.StartAsync(_options.StateRoot, n, _network, _options.Loggers, _options.Time, cancellation)).ToList();
        _controlPlane = await ControlPlaneMachine.StartAsync(_options.StateRoot, _network, cancellation);
        _workers.AddRange(await Task.WhenAll(workers));
        _repository = await serving;
        stage("Management cluster");
        _cluster = await ManagementCluster.StartAsync(_options, _controlPlane, cancellation);
        _nodes.Add(await JoinAsync(
            _controlPlane, LabAddresses.ControlPlane, Prerequisites.ControlPlane(ControlPlaneMachine.Name),
            [new V1Taint { Key = "node-role.kubernetes.io/control-plane", Effect = "NoSchedule" }], cancellation));
        await RegisteredAsync(ControlPlaneMachine.Name, cancellation);
        Keep("load balancers", stop => RouteLoadBalancersAsync(_network, _cluster, stop));
        foreach (var worker in _workers)
        {
            Keep(worker.Card.Computer.HostName, new DpuJoin(worker.Card, _options, _components).RunAsync);
            Keep(worker.Machine.HostName, stop => WatchPowerAsync(worker, stop));
        }
    }

    private void Keep(string name, Func<CancellationToken, Task> work) => _watching.Add(Task.Run(
        () => Supervision.KeepAsync(work, _options.Loggers.CreateLogger(name), _options.Time, _stop.Token), CancellationToken.None));

    private async Task RouteLoadBalancersAsync(LabNetwork network, ManagementCluster cluster, CancellationToken cancellation)
    {
        await using var cache = new Cache(cluster.Admin, _options.Time, _options.Loggers);
        await new LoadBalancerRoutes(cache, network.Machine, _logger, _options.Time).RunAsync(cancellation);
    }

    private Task<ChartRepository> ServeAsync(CancellationToken cancellation)
    {
        var address = IPAddress.Parse(LabAddresses.Services);
        return ChartRepository.StartAsync(
            new ChartRepositoryOptions
            {
                ChartsPaths = _options.ChartsPaths,
                Endpoints = [new IPEndPoint(address, 80), new IPEndPoint(address, ChartPort)],
                BoundSocket = endpoint =>
                {
                    var socket = ServicesNetwork.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    socket.Bind(endpoint);
                    return socket;
                },
                Loggers = _options.Loggers,
            },
            cancellation);
    }

    private async Task<NodeRunner> JoinAsync(
        Machine machine, string address, IReadOnlyDictionary<string, string> labels, IReadOnlyList<V1Taint> taints, CancellationToken cancellation)
    {
        var token = await _cluster!.CreateJoinTokenAsync(cancellation);
        return new NodeRunner(new KubeletOptions
        {
            Machine = machine,
            NodeName = machine.HostName,
            Connection = new KubeConnection
            {
                Server = _cluster.Admin.Connection.Server,
                CertificateAuthority = _cluster.Admin.Connection.CertificateAuthority,
                Token = () => token,
                Network = machine.Network,
            },
            NodeIp = address,
            StateFolder = Path.Combine(_options.StateRoot, "kubelets", machine.HostName),
            Components = _components,
            Isolated = _options.Isolated,
            Labels = labels,
            Taints = taints,
            ClusterDns = _options.ClusterDns,
            NfsFolder = NfsFolder,
            Loggers = _options.Loggers,
            Time = _options.Time,
        });
    }

    private string? NfsFolder(string server, string path)
    {
        if (server != LabAddresses.Services)
        {
            return null;
        }

        Directory.CreateDirectory(Path.Combine(_options.StateRoot, Machine.ExportsName, path.Trim('/')));
        return $"{Machine.Exports}/{path.Trim('/')}";
    }

    private async Task PrepareAsync(string node, JsonObject metadata, CancellationToken cancellation)
    {
        await RegisteredAsync(node, cancellation);
        await _cluster!.Admin.PatchAsync<V1Node>(null, node, new JsonObject { ["metadata"] = metadata }, cancellation);
    }

    private async Task RegisteredAsync(string node, CancellationToken cancellation)
    {
        var start = Stopwatch.StartNew();
        while (await _cluster!.Admin.GetAsync<V1Node>(null, node, cancellation) is null)
        {
            if (start.Elapsed > TimeSpan.FromSeconds(30))
            {
                throw new TimeoutException($"node {node} did not join the cluster; the lab's log says why");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), _options.Time, cancellation);
        }
    }

    private async Task WatchPowerAsync(WorkerMachine worker, CancellationToken cancellation)
    {
        while (true)
        {
            await worker.RebootRequestedAsync(cancellation);
            await _turn.WaitAsync(cancellation);
            try
            {
                var at = _nodes.FindIndex(n => n.Options.NodeName == worker.Machine.HostName);
                if (at >= 0)
                {
                    await _nodes[at].DisposeAsync();
                }

                await worker.RebootAsync(cancellation);
                if (at >= 0)
                {
                    _nodes[at] = new NodeRunner(_nodes[at].Options);
                }
            }
            finally
            {
                _turn.Release();
            }
        }
    }
}
