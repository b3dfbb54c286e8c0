using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Tests.Zone.Truth;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Replica;
using Dpf.Ovsdb.Rows;
using Dpf.Ovsdb.Sessions;
using Dpf.Ovsdb.Values;
using Dpf.Runtime.Clusters;
using Dpf.Testing;
using FsCheck.Xunit;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.Zone;

/// <summary>Whatever way a cluster took to be as it is, its zone is the same; and a small change is a small transaction.</summary>
public sealed class HistoryTests
{
    private static readonly string[] Cases =
        [.. Directory.GetFiles(Path.Combine(TestFolder.Repository, "tests/Ovn.Tests/cases/policies")).Order(StringComparer.Ordinal)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Property(MaxTest = 6)]
    public async Task ManySmallChangesLeadToTheSameRowsAsOneLargeOne(byte[] history)
    {
        await using var small = await OvsdbServer.StartAsync("/usr/share/ovn/ovn-nb.ovsschema", Cancellation);
        await using var large = await OvsdbServer.StartAsync("/usr/share/ovn/ovn-nb.ovsschema", Cancellation);
        await using var step = await ConnectAsync(small);
        await using var whole = await ConnectAsync(large);
        var present = new HashSet<int>();
        foreach (var change in history.Take(12))
        {
            if (!present.Add(change))
            {
                present.Remove(change);
            }

            await ApplyAsync(step, Cluster(present));
        }

        await ApplyAsync(step, Cluster(present));
        await ApplyAsync(whole, Cluster(present));

        Assert.Equal(Text(whole.Replica.Current, whole), Text(step.Replica.Current, step));
        Assert.Equal(0, await ApplyAsync(step, Cluster(present)));
    }

    [Fact]
    public async Task AZoneWhoseNodeLeavesKeepsNothingOfIt()
    {
        await using var server = await OvsdbServer.StartAsync("/usr/share/ovn/ovn-nb.ovsschema", Cancellation);
        await using var fresh = await OvsdbServer.StartAsync("/usr/share/ovn/ovn-nb.ovsschema", Cancellation);
        await using var client = await ConnectAsync(server);
        await using var never = await ConnectAsync(fresh);
        await ApplyAsync(client, Cluster([]));
        await ApplyAsync(client, Cluster([0]));
        await ApplyAsync(never, Cluster([0]));
        Assert.Equal(Text(never.Replica.Current, never), Text(client.Replica.Current, client));
    }

    /// <summary>A port, its switch's list, and the sets and groups that it is in.</summary>
    [Fact]
    public async Task OnePodsComingIsTheSameFewOperationsInASmallClusterAndInALargeOne()
    {
        var policy = new V1NetworkPolicy
        {
            Metadata = new V1ObjectMeta { NamespaceProperty = "x", Name = "p" },
            Spec = new V1NetworkPolicySpec
            {
                PodSelector = new V1LabelSelector(),
                Ingress = [new V1NetworkPolicyIngressRule { FromProperty = [new V1NetworkPolicyPeer { PodSelector = new V1LabelSelector() }] }],
            },
        };
        var operations = new List<int>();
        foreach (var size in (int[])[2, 200])
        {
            await using var server = await OvsdbServer.StartAsync("/usr/share/ovn/ovn-nb.ovsschema", Cancellation);
            await using var client = await ConnectAsync(server);
            var services = Enumerable.Range(1, size).Select(Service).ToList();
            var before = World.Objects with { Pods = [.. Enumerable.Range(0, size).Select(Pod)], Services = services, Policies = [policy] };
            await ApplyAsync(client, before);
            operations.Add(await ApplyAsync(client, before with { Pods = [.. before.Pods, Pod(size)] }));
        }

        Assert.Equal(operations[0], operations[1]);
        Assert.InRange(operations[0], 1, 6);
    }

    private static async Task<OvsdbClient> ConnectAsync(OvsdbServer server)
    {
        await OvsdbServer.RunAsync(Cancellation, "ovn-nbctl", $"--db=unix:{server.Socket}", "init");
        return OvsdbClient.Start(new OvsdbClientOptions
        {
            Database = "OVN_Northbound", Connect = OvsdbEndpoint.Unix(() => server.Socket), Time = TimeProvider.System, Log = NullLogger.Instance,
        });
    }

    private static Task<int> ApplyAsync(OvsdbClient client, ClusterObjects cluster) => new RowReconciler(client).ApplyAsync(
        NorthboundPlan.Of(ClusterFacts.Read("worker1", Sample.Network, cluster)), Cancellation);

    private static V1Pod Pod(int number)
    {
        var pod = KubernetesJson.Deserialize<V1Pod>(KubernetesJson.Serialize(World.Pods[0]));
        pod.Metadata.Name = pod.Metadata.Uid = $"pod{number}";
        pod.Metadata.Annotations[PodNetwork.Annotation] =
            PodNetwork.Of([Sample.Worker1.Subnets[0].InterfaceAt((uint)(10 + number))], Sample.Network).Write();
        return pod;
    }

    private static V1Service Service(int number) => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = "x", Name = $"s{number}" },
        Spec = new V1ServiceSpec { ClusterIP = $"10.233.0.{number}", Ports = [new V1ServicePort { Port = 80, NodePort = number % 3 == 0 ? 30000 + number : 0 }] },
    };

    /// <summary>The cluster in which these things are there.</summary>
    private static ClusterObjects Cluster(HashSet<int> present)
    {
        bool Has(int thing) => present.Contains(thing);
        var objects = Cases.Where((_, i) => Has(100 + i)).SelectMany(f => Manifests.Parse(File.ReadAllText(f), f))
            .DistinctBy(o => $"{o["kind"]} {o["metadata"]!["namespace"]} {o["metadata"]!["name"]}")
            .ToLookup(o => (string)o["kind"]!, o => o.ToJsonString());
        return World.Objects with
        {
            Nodes = [.. World.Nodes.Where((_, i) => i == 0 ? !Has(0) : !Has(1))],
            Pods = [.. World.Pods.Where((_, i) => !Has(10 + i))],
            Namespaces = [.. World.Namespaces.Where((_, i) => !Has(20 + i))],
            Services = [.. Enumerable.Range(1, 9).Where(i => !Has(30 + i)).Select(Service)],
            EgressIps = Has(40) ? [] :
            [
                new EgressIp
                {
                    Metadata = new V1ObjectMeta { Name = "e" },
                    Spec = new EgressIpSpec { EgressIps = ["10.0.123.200"], NamespaceSelector = World.Is("ns", "x") },
                    Status = new EgressIpStatus { Items = [new EgressIpAssignment { EgressIp = "10.0.123.200", Node = Has(41) ? "worker1" : "worker2" }] },
                },
            ],
            EgressFirewalls = Has(42) ? [] :
            [
                new EgressFirewall
                {
                    Metadata = new V1ObjectMeta { NamespaceProperty = "y", Name = "default" },
                    Spec = new EgressFirewallSpec
                    {
                        Egress = [new EgressFirewallRule { Type = "Deny", To = new EgressFirewallDestination { CidrSelector = Has(43) ? "0.0.0.0/0" : "192.0.2.0/24" } }],
                    },
                },
            ],
            Policies = [.. objects["NetworkPolicy"].Select(o => KubernetesJson.Deserialize<V1NetworkPolicy>(o))],
            AdminPolicies = [.. objects["AdminNetworkPolicy"].Select(o => KubernetesJson.Deserialize<AdminNetworkPolicy>(o))],
            Baselines = [.. objects["BaselineAdminNetworkPolicy"].Select(o => KubernetesJson.Deserialize<BaselineAdminNetworkPolicy>(o))],
        };
    }

    /// <summary>A database's content with names in the place of identifiers.</summary>
    private static string Text(Snapshot snapshot, OvsdbClient client)
    {
        var tables = client.ReplicatedSchema.Tables.Keys.Order(StringComparer.Ordinal).ToList();
        var names = tables.SelectMany(t => snapshot.Table(t).Values).ToDictionary(
            r => r.Uuid, r => $"{r.Table}:{r.ExternalId(RowSet.KeyId) ?? r.Text("name")}");
        return string.Join('\n', tables.SelectMany(t => snapshot.Table(t).Values.Select(row =>
            $"{names[row.Uuid]} {string.Join(' ', row.Columns.Where(c => !c.Key.StartsWith('_')).OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key}={Value(c.Value)}"))}")
            .Order(StringComparer.Ordinal)));

        string Value(Datum datum) => datum.IsMap
            ? string.Join(',', datum.Pairs().Select(p => $"{p.Key.Text}:{p.Value.Text}"))
            : string.Join(',', datum.Keys.Select(k => names.GetValueOrDefault(k.Uuid, k.ToString())).Order(StringComparer.Ordinal));
    }
}
