using System.Text.Json.Nodes;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;
using Dpf.Runtime.Addressing;
using Dpf.Testing;

namespace Dpf.Ovn.Tests.Node;

/// <summary>The agent of the node worker1 with a cluster of its own, in which it may write some pods only.</summary>
internal sealed class AgentWorld : IAsyncDisposable
{
    private AgentWorld(TestCluster cluster, string token)
    {
        Cluster = cluster;
        Node = Agent(Machine, new Uri(cluster.Server.Address), cluster.Server.CaPem, token);
    }

    public TestCluster Cluster { get; }

    public FolderMachine Machine { get; } = new();

    public NodeContext Node { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts a cluster with the node and its agent.</summary>
    /// <param name="subnet">The node's subnet.</param>
    /// <param name="writable">The names of the pods that the API server lets the agent write.</param>
    public static async Task<AgentWorld> StartAsync(string subnet, params string[] writable)
    {
        var cluster = await TestCluster.StartAsync("ovn-kubernetes-chart");
        var token = await AgentPod.TokenAsync(cluster, $$"""
            - {apiGroups: ["*"], resources: ["*"], verbs: [get, list, watch]}
            - {apiGroups: [""], resources: [events], verbs: [create, update]}
            - {apiGroups: [""], resources: [nodes/status], verbs: [patch]}
            - {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [delete]}
            - {apiGroups: [""], resources: [pods/status], verbs: [patch], resourceNames: [{{string.Join(", ", writable)}}]}
            """);
        var node = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject
            {
                ["name"] = "worker1",
                ["annotations"] = new JsonObject(
                    NodeAnnotations.Allocation(Sample.Network, [Cidr.Parse(subnet)], 2).Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value))),
            },
        };
        await cluster.ApplyAsync(node.ToJsonString());
        return new AgentWorld(cluster, token);
    }

    /// <summary>An agent on a machine that asks an API server.</summary>
    public static NodeContext Agent(FolderMachine machine, Uri server, string certificateAuthority, string token) => new(
        AgentPod.Of("ovnkube-node", machine, server, certificateAuthority, token),
        new OvnSettings { Network = Sample.Network, Node = "worker1", ManagementNetdev = "ens1f0v0" }, "worker1");

    /// <summary>Starts the database of the machine's switch, with br-int; the caller ends it.</summary>
    public async Task<OvsdbServer> StartSwitchAsync()
    {
        var database = await OvsdbServer.StartAsync("/usr/share/openvswitch/vswitch.ovsschema", Cancellation);
        await OvsdbServer.RunAsync(Cancellation, "ovs-vsctl", "--no-wait", $"--db=unix:{database.Socket}", "init", "--", "add-br", "br-int");
        Directory.CreateDirectory(Machine.Path("/run/openvswitch"));
        File.CreateSymbolicLink(Machine.Path("/run/openvswitch/db.sock"), database.Socket);
        return database;
    }

    /// <summary>Adds a pod of the node.</summary>
    public Task AddPodAsync(string name, params (string Key, string Value)[] annotations)
    {
        var pod = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = "default",
                ["annotations"] = new JsonObject(annotations.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value))),
            },
            ["spec"] = new JsonObject
            {
                ["nodeName"] = "worker1", ["containers"] = new JsonArray(new JsonObject { ["name"] = "main", ["image"] = "example.com/a:v1" }),
            },
        };
        return Cluster.ApplyAsync(pod.ToJsonString());
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        await Cluster.DisposeAsync();
        Machine.Dispose();
    }
}
