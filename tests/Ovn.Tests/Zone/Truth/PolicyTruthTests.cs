using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Clusters;
using Dpf.Testing;
using k8s;
using k8s.Models;

namespace Dpf.Ovn.Tests.Zone.Truth;

/// <summary>
/// Truth tables: after each well-known case, every pair of three namespaces with three pods, on every port and protocol, as the
/// real northd's flows decide it, against what the objects say.
/// </summary>
public sealed class PolicyTruthTests(TracedZone zone) : IClassFixture<TracedZone>
{
    private static readonly (string Protocol, int Port)[] Probes = [("TCP", 80), ("TCP", 81), ("TCP", 90), ("UDP", 80), ("SCTP", 80), ("ICMP", 0)];
    private static readonly string Cases = Path.Combine(TestFolder.Repository, "tests/Ovn.Tests/cases/policies");

    public static TheoryData<string> Names() =>
        [.. Directory.GetFiles(Cases).Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Names))]
    public async Task EveryPairIsAsTheObjectsSay(string name)
    {
        var file = Path.Combine(Cases, name + ".yaml");
        var cluster = Read(file);
        await zone.ApplyAsync(cluster);
        var judge = new Verdicts(cluster);
        var wrong = new List<string>();
        var passed = 0;
        var all = 0;
        foreach (var from in World.Pods)
        {
            foreach (var to in World.Pods.Where(p => p != from && (World.Local.Contains(p) || World.Local.Contains(from))))
            {
                foreach (var (protocol, port) in Probes)
                {
                    var expected = (!World.Local.Contains(from) || judge.MaySend(from, to, protocol, port)) &&
                        (!World.Local.Contains(to) || judge.MayReceive(from, to, protocol, port));
                    var actual = await zone.PassesAsync(from, to, protocol, port);
                    all++;
                    passed += actual ? 1 : 0;
                    if (actual != expected)
                    {
                        wrong.Add($"{Text(from)} → {Text(to)} {protocol} {port}: {(actual ? "passes" : "is dropped")}");
                    }
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(396, all);

        // A table that is all one word would prove little.
        Assert.True(name is "allow-all-ingress" or "any-namespace" ? passed == all : passed > 0 && passed < all);
    }

    private static string Text(V1Pod pod) => $"{pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}";

    private static ClusterObjects Read(string file)
    {
        var objects = Manifests.Parse(File.ReadAllText(file), file).ToLookup(o => (string)o["kind"]!, o => o.ToJsonString());
        return World.Objects with
        {
            Policies = [.. objects["NetworkPolicy"].Select(o => KubernetesJson.Deserialize<V1NetworkPolicy>(o))],
            AdminPolicies = [.. objects["AdminNetworkPolicy"].Select(o => KubernetesJson.Deserialize<AdminNetworkPolicy>(o))],
            Baselines = [.. objects["BaselineAdminNetworkPolicy"].Select(o => KubernetesJson.Deserialize<BaselineAdminNetworkPolicy>(o))],
        };
    }
}
