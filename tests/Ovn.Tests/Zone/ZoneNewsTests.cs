using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Tests.Zone.Truth;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Addressing;
using FsCheck.Xunit;
using k8s;
using k8s.Models;

namespace Dpf.Ovn.Tests.Zone;

/// <summary>A zone looks again at whatever its rows follow from, and not at every word of a kubelet.</summary>
public sealed class ZoneNewsTests
{
    private static readonly Action<V1Pod>[] PodChanges =
    [
        p => p.Metadata.Labels["pod"] = "a",
        p => p.Metadata.Labels["pod"] = "c",
        p => p.Metadata.Annotations[PodNetwork.Annotation] = PodNetwork.Of([Cidr.Parse("10.233.64.77/24")], Sample.Network).Write(),
        p => p.Metadata.Annotations.Remove(PodNetwork.Annotation),
        p => p.Metadata.Uid = "another",
        p => p.Metadata.DeletionTimestamp = DateTime.UnixEpoch,
        p => p.Spec.NodeName = "worker1",
        p => p.Spec.NodeName = "worker2",
        p => p.Spec.NodeName = null,
        p => p.Spec.HostNetwork = true,
        p => p.Status = new V1PodStatus { Phase = "Succeeded" },
        p => p.Status = new V1PodStatus { Phase = "Running", PodIP = "10.233.64.12" },
        p => p.Metadata.Annotations[ConnectionDetails.Annotation] = "{}",
        p => p.Metadata.Annotations["someone.else/says"] = "something",
        p => p.Metadata.ResourceVersion = "7",
    ];

    private static readonly Action<V1Node>[] NodeChanges =
    [
        n => n.Metadata.Labels["host"] = "worker3",
        n => n.Metadata.Annotations[NodeAnnotations.ChassisId] = "another",
        n => n.Metadata.Annotations.Clear(),
        n => n.Metadata.Uid = "another",
        n => n.Status = new V1NodeStatus { Addresses = [new V1NodeAddress { Type = "InternalIP", Address = "10.0.110.77" }] },
        n => n.Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = "True" }] },
        n => n.Metadata.ResourceVersion = "7",
    ];

    private static readonly string[] Shared = ["ports", "acls", "nat", "policies", "static_routes", "load_balancer", "load_balancer_group"];

    private static readonly ClusterObjects Everything = World.Objects with
    {
        Policies =
        [
            new V1NetworkPolicy
            {
                Metadata = new V1ObjectMeta { NamespaceProperty = "x", Name = "p" },
                Spec = new V1NetworkPolicySpec
                {
                    PodSelector = World.Is("pod", "a"),
                    Ingress =
                    [
                        new V1NetworkPolicyIngressRule
                        {
                            FromProperty = [new V1NetworkPolicyPeer { PodSelector = World.Is("pod", "b"), NamespaceSelector = new V1LabelSelector() }],
                            Ports = [new V1NetworkPolicyPort { Port = "web" }],
                        },
                    ],
                },
            },
        ],
        EgressFirewalls =
        [
            new EgressFirewall
            {
                Metadata = new V1ObjectMeta { NamespaceProperty = "x", Name = "default" },
                Spec = new EgressFirewallSpec
                {
                    Egress = [new EgressFirewallRule { Type = "Deny", To = new EgressFirewallDestination { NodeSelector = World.Is("host", "worker2") } }],
                },
            },
        ],
        EgressIps =
        [
            new EgressIp
            {
                Metadata = new V1ObjectMeta { Name = "e" },
                Spec = new EgressIpSpec { EgressIps = ["10.0.123.200"], NamespaceSelector = World.Is("ns", "x"), PodSelector = World.Is("pod", "a") },
                Status = new EgressIpStatus { Items = [new EgressIpAssignment { EgressIp = "10.0.123.200", Node = "worker1" }] },
            },
        ],
    };

    [Property(MaxTest = 300)]
    public void APodThatChangesTheRowsIsNews(byte which, byte[] before, byte[] after)
    {
        var index = which % World.Pods.Length;
        var (old, changed) = (Changed(World.Pods[index], PodChanges, before), Changed(World.Pods[index], PodChanges, after));

        Assert.True(ZoneNews.IsNews(old, changed) || Rows(old) == Rows(changed));
        Assert.True(ZoneNews.IsNews(old, null) || Rows(old) == Rows(null));

        string Rows(V1Pod? pod) => Text(Everything with
        {
            Pods = [.. World.Pods.Where((_, i) => i != index), .. pod is null ? Array.Empty<V1Pod>() : [pod]],
        });
    }

    [Property(MaxTest = 100)]
    public void ANodeThatChangesTheRowsIsNews(byte which, byte[] before, byte[] after)
    {
        var index = which % World.Nodes.Length;
        var (old, changed) = (Changed(World.Nodes[index], NodeChanges, before), Changed(World.Nodes[index], NodeChanges, after));

        Assert.True(ZoneNews.IsNews(old, changed) || Rows(old) == Rows(changed));

        string Rows(V1Node node) => Text(Everything with { Nodes = [.. World.Nodes.Select((n, i) => i == index ? node : n)] });
    }

    [Fact]
    public void TheRowsTellTheChangesApart() => Assert.True(
        PodChanges.Select(c => Text(Everything with { Pods = [Copy(World.Pods[1], c), .. World.Pods.Where((_, i) => i != 1)] })).Distinct().Count() > 5);

    [Fact]
    public void WhatKubeletsAndAgentsSayOfAPodIsNoNews()
    {
        foreach (var change in PodChanges[^4..])
        {
            Assert.False(ZoneNews.IsNews(World.Pods[0], Copy(World.Pods[0], change)));
        }

        Assert.False(ZoneNews.IsNews(null, Copy(World.Pods[0], p => p.Spec.NodeName = null)));
        Assert.False(ZoneNews.IsNews(null, Copy(World.Pods[0], p => p.Spec.HostNetwork = true)));
    }

    [Fact]
    public void WhatAKubeletSaysOfItsNodeIsNoNews()
    {
        foreach (var change in NodeChanges[^2..])
        {
            Assert.False(ZoneNews.IsNews(World.Nodes[0], Copy(World.Nodes[0], change)));
        }
    }

    private static T Changed<T>(T value, Action<T>[] changes, IEnumerable<byte> which) =>
        which.Take(3).Aggregate(value, (now, b) => Copy(now, changes[b % changes.Length]));

    private static T Copy<T>(T value, Action<T> change)
    {
        var copy = KubernetesJson.Deserialize<T>(KubernetesJson.Serialize(value));
        change(copy);
        return copy;
    }

    private static string Text(ClusterObjects cluster) => string.Join('\n', NorthboundPlan.Of(ClusterFacts.Read("worker1", Sample.Network, cluster))
        .Rows.SelectMany(Lines).Order(StringComparer.Ordinal));

    private static IEnumerable<string> Lines(RowHandle row) => row.Row.Assigned
        .Select(c => $"{row.Key} {c.Key}={string.Join(',', c.Value.IsMap ? c.Value.Pairs().Select(p => $"{p.Key}:{p.Value}") : c.Value.Keys.Select(k => k.ToString()))}")
        .Concat(Shared.Select(column => $"{row.Key} {column}+={string.Join(',', row.IncludedIn(column))}"))
        .Append($"{row.Key}");
}
