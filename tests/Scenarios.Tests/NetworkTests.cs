using System.Globalization;

namespace Dpf.Scenarios.Tests;

/// <summary>Services, policies, the ways out and names, by packets of pods in one lab, whose pods have addresses of both families.</summary>
[Collection(SharedLab.Name)]
public sealed class NetworkTests(DualStackLab guide) : IAsyncLifetime
{
    // A server that tells its name and who asked, and a shell for questions: one of each on each worker.
    private const string Pods = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: net, labels: {team: net}}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: other, labels: {team: other}}
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: server, namespace: net}
        spec:
          selector: {matchLabels: {app: server}}
          template:
            metadata: {labels: {app: server}}
            spec:
              terminationGracePeriodSeconds: 0
              nodeSelector: {node-role.kubernetes.io/worker: ""}
              containers:
              - name: server
                image: debian
                command: [bash, -c, "for p in 8080 9090; do for v in TCP4-LISTEN:$p TCP6-LISTEN:$p,ipv6only=1; do socat $v,fork,reuseaddr SYSTEM:'echo $(hostname) $SOCAT_PEERADDR' & done; done; wait"]
                ports: [{name: web, containerPort: 8080}]
                readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: net}
        spec: {type: LoadBalancer, ipFamilyPolicy: PreferDualStack, selector: {app: server}, ports: [{name: http, port: 80, targetPort: web}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: each, namespace: net}
        spec: {clusterIP: None, selector: {app: server}, ports: [{name: http, port: 8080}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: nobody, namespace: net}
        spec: {selector: {app: nobody}, ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: client, namespace: net, labels: {app: client}}
        spec: {nodeName: worker1, terminationGracePeriodSeconds: 0, containers: [{name: c, image: debian, command: [sleep, infinity]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: client, namespace: other, labels: {app: client}}
        spec: {nodeName: worker2, terminationGracePeriodSeconds: 0, containers: [{name: c, image: debian, command: [sleep, infinity]}]}
        """;

    private LabHost Lab => guide.Lab;

    public async ValueTask InitializeAsync() => await Lab.UserSucceedsAsync(
        $"kubectl apply -f - >/dev/null <<'END'\n{Pods}\nEND\n" +
        "kubectl rollout status daemonset -n net server --timeout=120s && kubectl wait --for=condition=ready -n net pod --all --timeout=60s && " +
        "kubectl wait --for=condition=ready -n other pod --all --timeout=60s && kubectl rollout status deployment -n kube-system cluster-dns --timeout=60s");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Names_lead_to_services_and_to_each_pod_behind_them()
    {
        var service = await FieldAsync("service web", ".spec.clusterIP");
        await Until.SeesAsync(service, () => InAsync("net", "getent ahostsv4 web | awk 'NR==1{print $1}'"));
        Assert.Equal(service, await InAsync("other", "getent ahostsv4 web.net | awk 'NR==1{print $1}'"));
        Assert.Equal(
            (await FieldAsync("pods -l app=server", ".status.podIP", list: true)).Split(' ').Order(StringComparer.Ordinal),
            (await InAsync("other", "getent ahostsv4 each.net.svc.cluster.local | awk '{print $1}' | sort -u | xargs")).Split(' '));
        Assert.Equal("no", await InAsync("net", "getent hosts nothing.net.svc.cluster.local || echo no"));
        await Until.SeesAsync("yes", () => ReachesAsync("other", "web.net", 80));
    }

    [Fact]
    public async Task Over_ipv6_the_matrix_services_hosts_and_policies_are_the_same()
    {
        var cells = guide.Report["matrix"]!.AsArray();
        var six = cells.Count(c => $"{c!["to"]}".Contains("IPv6", StringComparison.Ordinal) || $"{c["to"]}".Contains(':', StringComparison.Ordinal));
        Assert.True(six >= 14 && six * 2 == cells.Count, $"{six} of {cells.Count} cells are of IPv6");
        var service = await FieldAsync("service web", ".spec.clusterIPs[1]");
        Assert.Equal(service, await InAsync("other", "getent ahostsv6 web.net | awk 'NR==1{print $1}'"));
        await Until.SeesAsync("yes", () => ReachesAsync("other", $"[{service}]", 80));

        // From a host, and from outside by its node port.
        var port = int.Parse(await FieldAsync("service web", ".spec.ports[0].nodePort"), CultureInfo.InvariantCulture);
        var host = (await Lab.UserSucceedsAsync(
            "kubectl get node worker1 -o jsonpath='{.metadata.annotations.k8s\\.ovn\\.org/node-primary-ifaddr}' | sed 's/.*ipv6\":\"//; s/\\/.*//'")).Trim();
        var asked = await Lab.InMachineAsync("worker2", AskAgain($"[{service}]", 80));
        Assert.True(asked.ExitCode == 0, asked.ToString());
        Assert.NotEmpty(await OutsideAsync(AskAgain($"[{host}]", port)));

        // What a policy lets pass by a block of one family it does not in the other.
        var pod = (await FieldAsync("pods -l app=server", ".status.podIPs[1].ip", list: true)).Split(' ')[0];
        await WithAsync(
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: six, namespace: net}
            spec: {podSelector: {matchLabels: {app: server}}, ingress: [{from: [{ipBlock: {cidr: "fd00:10:233::/48"}}], ports: [{port: 8080}]}]}
            """,
            () => Until.SeesAsync("yes no no", async () =>
                $"{await ReachesAsync("other", $"[{pod}]", 8080)} {await ReachesAsync("other", $"[{pod}]", 9090)} {await ReachesAsync("other", "web.net", 80, "4")}"));
    }

    [Fact]
    public async Task A_service_without_endpoints_refuses_at_once()
    {
        Assert.Contains("refused", await InAsync("net", Ask("nobody", 80) + " 2>&1 || true"), StringComparison.Ordinal);

        // The hosts too, to which the gateway's refusals do not get through.
        var service = await FieldAsync("service nobody", ".spec.clusterIP");
        foreach (var host in (string[])["worker1", "cp1"])
        {
            Assert.Contains("refused", (await Lab.InMachineAsync(host, Ask(service, 80) + " 2>&1 || true")).Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_load_balancer_and_its_node_port_are_reached_from_outside()
    {
        await Lab.UserSucceedsAsync("until [ -n \"$(kubectl get service -n net web -o jsonpath='{.status.loadBalancer.ingress[1].ip}')\" ]; do sleep 0.3; done");
        var address = await FieldAsync("service web", ".status.loadBalancer.ingress[0].ip");
        var six = await FieldAsync("service web", ".status.loadBalancer.ingress[1].ip");
        var port = await FieldAsync("service web", ".spec.ports[0].nodePort");
        Assert.Equal(GuideLab.Workers.Count, (await OutsideAsync($"for i in $(seq 30); do {Ask(address, 80)}; done")).Split('\n').Select(l => l.Split(' ')[0]).Distinct().Count());
        Assert.NotEmpty(await OutsideAsync(AskAgain($"[{six}]", 80)));
        Assert.NotEmpty(await OutsideAsync(AskAgain(await GatewayAsync("worker1"), int.Parse(port, CultureInfo.InvariantCulture))));

        // With a local policy the server sees who really asks.
        await Lab.UserSucceedsAsync("kubectl patch service -n net web -p '{\"spec\":{\"externalTrafficPolicy\":\"Local\"}}'");
        try
        {
            await OutsideAsync($"for i in $(seq 60); do {Ask(address, 80)} | grep -q 198.51.100.10 && exit; sleep 0.3; done; exit 1");
        }
        finally
        {
            await Lab.UserSucceedsAsync("kubectl patch service -n net web -p '{\"spec\":{\"externalTrafficPolicy\":\"Cluster\"}}'");
        }
    }

    [Fact]
    public async Task Policies_decide_who_reaches_which_port()
    {
        var pod = (await FieldAsync("pods -l app=server", ".status.podIP", list: true)).Split(' ')[0];
        Assert.Equal("yes yes yes yes", await ProbeAsync(pod));
        await WithAsync(
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: p, namespace: net}
            spec: {podSelector: {matchLabels: {app: server}}, ingress: [{from: [{podSelector: {}}], ports: [{port: web}]}]}
            """,
            () => Until.SeesAsync("yes no no no", () => ProbeAsync(pod)));
        await WithAsync(
            """
            apiVersion: policy.networking.k8s.io/v1alpha1
            kind: AdminNetworkPolicy
            metadata: {name: p}
            spec:
              priority: 10
              subject: {namespaces: {matchLabels: {team: net}}}
              ingress: [{action: Deny, from: [{namespaces: {matchLabels: {team: other}}}], ports: [{portNumber: {protocol: TCP, port: 8080}}]}]
            """,
            () => Until.SeesAsync("yes yes no yes", () => ProbeAsync(pod)));
        await Until.SeesAsync("yes yes yes yes", () => ProbeAsync(pod));
    }

    [Fact]
    public async Task A_firewall_closes_the_outside_to_a_namespace()
    {
        await StartOutsideServerAsync();
        Assert.Equal("yes yes", await WaysOutAsync());
        await WithAsync(
            """
            apiVersion: k8s.ovn.org/v1
            kind: EgressFirewall
            metadata: {name: default, namespace: net}
            spec: {egress: [{type: Deny, to: {cidrSelector: 198.51.100.0/24}, ports: [{protocol: TCP, port: 7070}]}]}
            """,
            async () =>
            {
                await Until.SeesAsync("no yes", WaysOutAsync);
                await Until.SeesAsync("EgressFirewall Rules applied", () => FieldAsync("egressfirewall default", ".status.status"));
                Assert.Equal(
                    GuideLab.Zones.Select(zone => $"{zone}: EgressFirewall Rules applied"),
                    await EachAsync("egressfirewall default", ".status.messages[*]", "{@}"));
            });
        await Until.SeesAsync("yes yes", WaysOutAsync);
    }

    [Fact]
    public async Task An_administrators_policy_closes_the_outside_and_every_zone_says_how_it_is()
    {
        await StartOutsideServerAsync();
        await WithAsync(
            """
            apiVersion: policy.networking.k8s.io/v1alpha1
            kind: AdminNetworkPolicy
            metadata: {name: outside}
            spec:
              priority: 5
              subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: other}}}
              egress: [{action: Deny, to: [{networks: [198.51.100.0/24]}]}]
            """,
            async () =>
            {
                await Until.SeesAsync("yes no", WaysOutAsync);
                await SayAsync("True SetupSucceeded");
                await Lab.UserSucceedsAsync(
                    "kubectl patch adminnetworkpolicy outside --type=json -p '[{\"op\":\"add\",\"path\":\"/spec/egress/0/to/0/networks/-\",\"value\":\"ten\"}]'");
                await SayAsync("False SetupFailed");
                Assert.Equal("no", await ReachesAsync("other", "198.51.100.10", 7070));
            });
        await Until.SeesAsync("yes yes", WaysOutAsync);

        Task SayAsync(string word) => Until.SeesAsync(
            string.Join('\n', GuideLab.Zones.Select(zone => $"Ready-In-Zone-{zone} {word}")),
            async () => string.Join('\n', await EachAsync("adminnetworkpolicy outside", ".status.conditions[*]", "{.type} {.status} {.reason}")));
    }

    [Fact]
    public async Task Pods_of_both_workers_leave_with_their_egress_address()
    {
        await StartOutsideServerAsync();
        await Lab.UserSucceedsAsync("kubectl label node worker1 k8s.ovn.org/egress-assignable= --overwrite");
        await WithAsync(
            """
            apiVersion: k8s.ovn.org/v1
            kind: EgressIP
            metadata: {name: e}
            spec: {egressIPs: [10.0.123.200], namespaceSelector: {}, podSelector: {matchLabels: {app: client}}}
            """,
            () => Until.SeesAsync("10.0.123.200 10.0.123.200", SourcesAsync));
        await Until.SeesAsync($"{await GatewayAsync("worker1")} {await GatewayAsync("worker2")}", SourcesAsync);

        async Task<string> SourcesAsync() =>
            $"{await InAsync("net", Ask("198.51.100.10", 7070) + " || true")} {await InAsync("other", Ask("198.51.100.10", 7070) + " || true")}";
    }

    [Fact]
    public async Task Host_network_pods_are_reached_at_their_high_speed_address_when_a_service_asks_for_it()
    {
        await WithAsync(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: host, namespace: net, labels: {app: host}}
            spec: {nodeName: worker2, hostNetwork: true, terminationGracePeriodSeconds: 0, containers: [{name: c, image: debian, command: [socat, "TCP-LISTEN:18080,fork,reuseaddr", "SYSTEM:hostname"], readinessProbe: {tcpSocket: {port: 18080}, periodSeconds: 1}}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: host, namespace: net, annotations: {ovn.dpu.nvidia.com/high-speed-host-endpoints: "true"}}
            spec: {selector: {app: host}, ports: [{port: 80, targetPort: 18080}]}
            """,
            async () =>
            {
                var fast = await GatewayAsync("worker2");
                await Lab.UserSucceedsAsync(
                    $"until kubectl get endpointslices -n net -l kubernetes.io/service-name=host -o jsonpath='{{.items[*].endpoints[*].addresses}}' | grep -q {fast}; do sleep 0.3; done");
                await Until.SeesAsync("yes", () => ReachesAsync("net", "host", 80));
                Assert.Equal("yes", await ReachesAsync("other", "host.net", 80));
            });
    }

    [Fact]
    public async Task Host_network_pods_see_who_asks_from_outside_when_a_service_keeps_its_clients_on_the_node()
    {
        await WithAsync(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: seeing, namespace: net, labels: {app: seeing}}
            spec: {nodeName: worker1, hostNetwork: true, terminationGracePeriodSeconds: 0, containers: [{name: c, image: debian, command: [socat, "TCP-LISTEN:18081,fork,reuseaddr", "SYSTEM:echo $SOCAT_PEERADDR"], readinessProbe: {tcpSocket: {port: 18081}, periodSeconds: 1}}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: seeing, namespace: net}
            spec: {type: NodePort, externalTrafficPolicy: Local, internalTrafficPolicy: Local, selector: {app: seeing}, ports: [{port: 80, targetPort: 18081}]}
            """,
            async () =>
            {
                var port = int.Parse(await FieldAsync("service seeing", ".spec.ports[0].nodePort"), CultureInfo.InvariantCulture);
                var address = await GatewayAsync("worker1");
                await Until.SeesAsync("198.51.100.10", async () => await OutsideAsync($"{Ask(address, port)} || true"));

                // Also past the service, and whatever the host's answers go by otherwise.
                Assert.Equal("198.51.100.10", await OutsideAsync(Ask(address, 18081)));
                Assert.Contains("refused", await OutsideAsync($"{Ask(await GatewayAsync("worker2"), port)} 2>&1 || true"), StringComparison.Ordinal);

                // Of the hosts' own clients only that node's are served.
                var service = await FieldAsync("service seeing", ".spec.clusterIP");
                await Until.SeesAsync("169.254.0.1", async () => (await Lab.InMachineAsync("worker1", Ask(service, 80))).Output.Trim());
                Assert.Contains("refused", (await Lab.InMachineAsync("worker2", Ask(service, 80) + " 2>&1 || true")).Output, StringComparison.Ordinal);
            });
    }

    private async Task<string> ProbeAsync(string pod) =>
        $"{await ReachesAsync("net", pod, 8080)} {await ReachesAsync("net", pod, 9090)} {await ReachesAsync("other", pod, 8080)} {await ReachesAsync("other", pod, 9090)}";

    private Task<string> ReachesAsync(string space, string host, int port, string family = "") =>
        InAsync(space, $"{Ask(host, port, family)} 2>/dev/null | grep -q . && echo yes || echo no");

    private static string Ask(string host, int port, string family = "") => $"socat -T2 -u TCP{family}:{host}:{port},connect-timeout=2 -";

    // Open vSwitch's user-space datapath asks for a tunnel's neighbour when it needs it, and loses what was to go there: of a DPU that has
    // restarted, the first connection to another may not come about.
    private static string AskAgain(string host, int port) => $"for i in $(seq 20); do {Ask(host, port)} | grep . && exit; sleep 0.5; done; exit 1";

    private Task StartOutsideServerAsync() => Lab.InMachineAsync(
        "fabric",
        """
        ip netns exec outside ss -Hltn sport = :7070 | grep -q . && exit
        ip netns exec outside setsid socat TCP-LISTEN:7070,fork,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR' </dev/null >/dev/null 2>&1 &
        until ip netns exec outside ss -Hltn sport = :7070 | grep -q .; do sleep 0.1; done
        """);

    /// <summary>Applies objects, looks, and removes them, whatever the look showed.</summary>
    private async Task WithAsync(string manifest, Func<Task> look)
    {
        await Lab.UserSucceedsAsync($"kubectl apply -f - >/dev/null <<'END'\n{manifest}\nEND");
        try
        {
            await look();
        }
        finally
        {
            await Lab.UserSucceedsAsync($"kubectl delete --wait -f - >/dev/null <<'END'\n{manifest}\nEND");
        }
    }

    private async Task<string> InAsync(string space, string command) =>
        (await Lab.UserSucceedsAsync($"kubectl exec -n {space} client -- bash -c {Shell.Quoted(command)}")).Trim();

    private async Task<string> OutsideAsync(string command)
    {
        var outcome = await Lab.InMachineAsync("fabric", $"ip netns exec outside bash -c {Shell.Quoted(command)}");
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        return outcome.Output.Trim();
    }

    private async Task<string> FieldAsync(string what, string path, bool list = false) =>
        (await Lab.UserSucceedsAsync($"kubectl get -n net {what} -o jsonpath='{{{(list ? ".items[*]" : "")}{path}}}'")).Trim();

    private async Task<string[]> EachAsync(string what, string path, string form) => [.. (await Lab.UserSucceedsAsync(
        $"kubectl get -n net {what} -o jsonpath='{{range {path}}}{form}{{\"\\n\"}}{{end}}'")).Trim().Split('\n').Order(StringComparer.Ordinal)];

    private async Task<string> WaysOutAsync() =>
        $"{await ReachesAsync("net", "198.51.100.10", 7070)} {await ReachesAsync("other", "198.51.100.10", 7070)}";

    private async Task<string> GatewayAsync(string node) => (await Lab.UserSucceedsAsync(
        $"kubectl get node {node} -o jsonpath='{{.metadata.annotations.k8s\\.ovn\\.org/node-primary-ifaddr}}' | sed 's/.*ipv4\":\"//; s/\\/.*//'")).Trim();
}
