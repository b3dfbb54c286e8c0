using System.Globalization;

namespace Dpf.Scenarios.Tests.Soak;

/// <summary>Changes a cluster at random, and harms what carries its network. Seeded: the same seed asks for the same things.</summary>
internal sealed class Churn(LabHost lab, int seed)
{
    /// <summary>Takes a zone's northbound database away under its server.</summary>
    public const string LoseNorthbound = "rm /var/lib/ovn/ovnnb_db.db; pkill -9 -of '^ovsdb-server /var/lib/ovn/ovnnb_db.db'";

    private const int MostPods = 8;
    private const int MostOthers = 4;
    private static readonly string[] Apps = ["red", "green", "blue"];
    private static readonly string[] Nodes = [.. GuideLab.Workers];

    private static readonly (string Machine, string Harm)[] Harms =
    [
        ("-bf", "pkill -9 -of '^ovn-northd'"),
        ("-bf", "pkill -9 -of '^ovn-controller'"),
        ("-bf", "pkill -9 -of '^ovsdb-server /var/lib/ovn/ovnsb_db.db'"),
        ("-bf", LoseNorthbound),
        ("-bf", "/usr/share/openvswitch/scripts/ovs-ctl restart --system-id=random >/dev/null 2>&1"),
        ("-bf", "ip link set p0 down; sleep 1; ip link set p0 up"),
        ("", "ip link set ens1f0np0 down; ip link set ens1f0np0 up"),
    ];

    private readonly Random _random = new(seed);
    private int _made;

    /// <summary>What is wanted of the cluster now.</summary>
    public SoakModel Model { get; } = new();

    /// <summary>What was done, for the message of a failure.</summary>
    public List<string> Log { get; } = [];

    /// <summary>Does one thing.</summary>
    public Task StepAsync() => _random.Next(20) switch
    {
        < 7 when Model.Pods.Count < MostPods => AddPodAsync(),
        < 10 when Model.Pods.Count > 2 => RemoveAsync(Model.Pods, "pod", p => (p.Namespace, p.Name)),
        < 12 when Model.Services.Count < MostOthers => AddServiceAsync(),
        < 13 when Model.Services.Count > 0 => RemoveAsync(Model.Services, "service", s => (s.Namespace, s.Name)),
        < 15 when Model.Policies.Count < MostOthers => AddPolicyAsync(),
        < 17 when Model.Policies.Count > 0 => RemoveAsync(Model.Policies, "networkpolicy", p => (p.Namespace, p.Name)),
        17 => RebootAsync(),
        _ => HarmAsync(),
    };

    private T Any<T>(IReadOnlyList<T> list) => list[_random.Next(list.Count)];

    private string Name(string kind) => string.Create(CultureInfo.InvariantCulture, $"{kind}-{++_made}");

    private Task AddPodAsync()
    {
        var pod = new SoakPod(Any(SoakModel.Namespaces), Name("pod"), Any(Apps), Any(Nodes));
        Model.Pods.Add(pod);
        return ApplyAsync($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{pod.Name}}, namespace: {{pod.Namespace}}, labels: {app: {{pod.App}} } }
            spec:
              nodeSelector: {kubernetes.io/hostname: {{pod.Node}} }
              terminationGracePeriodSeconds: 0
              containers:
              - name: c
                image: debian
                command: [socat, "TCP-LISTEN:8080,fork,reuseaddr", "SYSTEM:hostname"]
                readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
            """);
    }

    private Task AddServiceAsync()
    {
        var service = new SoakService(Any(SoakModel.Namespaces), Name("service"), Any(Apps));
        Model.Services.Add(service);
        return ApplyAsync($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: {{service.Name}}, namespace: {{service.Namespace}} }
            spec: {selector: {app: {{service.App}} }, ports: [{port: 80, targetPort: 8080}]}
            """);
    }

    private Task AddPolicyAsync()
    {
        var policy = new SoakPolicy(Any(SoakModel.Namespaces), Name("policy"), Any(Apps), _random.Next(3) == 0 ? null : Any(Apps));
        Model.Policies.Add(policy);
        var rules = policy.From is { } app ? $$"""{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: {{app}} } } }]}""" : "";
        return ApplyAsync($$"""
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: {{policy.Name}}, namespace: {{policy.Namespace}} }
            spec: {podSelector: {matchLabels: {app: {{policy.App}} } }, policyTypes: [Ingress], ingress: [{{rules}}]}
            """);
    }

    private Task RemoveAsync<T>(List<T> list, string kind, Func<T, (string Namespace, string Name)> identify)
    {
        var chosen = Any(list);
        list.Remove(chosen);
        var (ns, name) = identify(chosen);
        Log.Add($"delete {kind} {ns}/{name}");
        return lab.UserSucceedsAsync($"kubectl delete {kind} -n {ns} {name} --wait=false");
    }

    private async Task RebootAsync()
    {
        var node = Any(Nodes);
        Log.Add($"reboot {node}'s DPU");
        var outcome = await lab.DpfAsync($"reboot {node}-0000-03-00");
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
    }

    private async Task HarmAsync()
    {
        var ((suffix, harm), node) = (Any(Harms), Any(Nodes));
        Log.Add($"{node}{suffix}: {harm}");

        // What is to be killed may be down already, for the last thing that was done to it.
        await lab.InMachineAsync(node + suffix, harm);
    }

    private Task<string> ApplyAsync(string yaml)
    {
        Log.Add(string.Join(' ', yaml.Split('\n', StringSplitOptions.TrimEntries)));
        return lab.UserSucceedsAsync($"kubectl apply -f - >/dev/null <<'END'\n{yaml}\nEND");
    }
}
