using System.Diagnostics;
using System.Globalization;

namespace Dpf.Scenarios.Tests.Soak;

/// <summary>
/// Minutes of pods, services and policies that come and go while the network's parts are killed and DPUs reboot; at the end all is as if
/// nothing had happened. <c>SOAK_MINUTES=30 SOAK_SEED=1</c> says how long, and which fate.
/// </summary>
[Collection(SharedLab.Name)]
public sealed class SoakTests(DualStackLab guide)
{
    // Its name, whom it asks, and at which address.
    private const string Ask = "socat -T3 -u TCP:$2,connect-timeout=3 - 2>/dev/null | grep -q . && echo $0 $1 yes || echo $0 $1 no";

    // Questions that a pod asks at once: all of all pods together would wait for each other longer than for their answers.
    private const int AtOnce = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly string[] Dpus = [.. GuideLab.Workers.Select(w => w + "-bf")];

    private LabHost Lab => guide.Lab;

    [Fact]
    public async Task Whatever_comes_and_goes_the_network_ends_as_the_objects_say()
    {
        var (minutes, seed) = (Setting("SOAK_MINUTES", 2), Setting("SOAK_SEED", 1));
        var (before, gateways) = (await LeftAsync(), await GatewaysAsync());
        var churn = new Churn(Lab, seed);
        try
        {
            foreach (var ns in SoakModel.Namespaces)
            {
                await Lab.UserSucceedsAsync($"kubectl create namespace {ns}");
            }

            for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromMinutes(minutes);)
            {
                await churn.StepAsync();
            }

            await SettleAsync(churn.Model);

            // A host's address of the router's network is back when the router speaks next, which is part of the databases too.
            await Until.SeesAsync(gateways, GatewaysAsync, Patience);
            await EveryPairIsAsThePoliciesSayAsync(churn.Model);
            await TheDatabasesAreWhatTheObjectsSayAsync();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}: {e.Message}\n{string.Join('\n', churn.Log)}", e);
        }
        finally
        {
            await Lab.UserAsync($"kubectl delete namespace {string.Join(' ', SoakModel.Namespaces)} --wait --timeout=120s");
        }

        await Until.SeesAsync(before, LeftAsync, Patience);
        await Lab.TrafficSucceedsAsync();
    }

    private static int Setting(string name, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : usual;

    private Task SettleAsync(SoakModel model) => Lab.UserSucceedsAsync(
        "kubectl wait --for=condition=NetworkUnavailable=false nodes -l node-role.kubernetes.io/worker --timeout=120s" + string.Concat(
            model.Pods.Select(p => $" && kubectl wait --for=condition=ready -n {p.Namespace} pod {p.Name} --timeout=120s")));

    private async Task EveryPairIsAsThePoliciesSayAsync(SoakModel model)
    {
        var addresses = await AddressesAsync();
        var expected = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var from in model.Pods)
        {
            foreach (var to in model.Pods.Where(p => p != from))
            {
                expected[$"{from.Name} {to.Name}"] = model.MayReach(from, to) ? "yes" : "no";
            }

            foreach (var service in model.Services)
            {
                // A pod that is sent to itself comes with another address, which policies know nothing of.
                if (model.MayReach(from, service) is { } answer && (from.Namespace, from.App) != (service.Namespace, service.App))
                {
                    expected[$"{from.Name} {service.Name}"] = answer ? "yes" : "no";
                }
            }
        }

        await Until.SeesAsync(string.Join('\n', expected.Select(e => $"{e.Key} {e.Value}")), async () =>
        {
            var answers = await Task.WhenAll(model.Pods.Select(async from =>
            {
                var others = expected.Keys.Where(k => k.StartsWith(from.Name + " ", StringComparison.Ordinal)).Select(k => k.Split(' ')[1]);
                var questions = string.Concat(others.Select(to => $"{to} {addresses[to]}\n"));
                return await Lab.UserSucceedsAsync(
                    $"kubectl exec -i -n {from.Namespace} {from.Name} -- xargs -P {AtOnce} -L 1 sh -c {Shell.Quoted(Ask)} {from.Name} <<'END'\n{questions}END");
            }));
            return string.Join('\n', answers.SelectMany(a => a.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Order(StringComparer.Ordinal));
        }, Patience);
    }

    private async Task<Dictionary<string, string>> AddressesAsync()
    {
        var lines = string.Concat(await Task.WhenAll(SoakModel.Namespaces.Select(ns => Lab.UserSucceedsAsync(
            $"kubectl get pods -n {ns} -o jsonpath='{{range .items[*]}}{{.metadata.name}} {{.status.podIP}}:8080{{\"\\n\"}}{{end}}'; " +
            $"kubectl get services -n {ns} -o jsonpath='{{range .items[*]}}{{.metadata.name}} {{.spec.clusterIP}}:80{{\"\\n\"}}{{end}}'"))));
        return lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')).ToDictionary(l => l[0], l => l[1], StringComparer.Ordinal);
    }

    /// <summary>A database that is filled anew from the cluster's objects alone holds the same rows.</summary>
    private async Task TheDatabasesAreWhatTheObjectsSayAsync()
    {
        foreach (var dpu in Dpus)
        {
            var grown = await NorthboundRows.OfAsync(Lab, dpu);
            await Lab.InMachineAsync(dpu, Churn.LoseNorthbound);
            await Until.SeesAsync(grown, async () =>
            {
                try
                {
                    return await NorthboundRows.OfAsync(Lab, dpu);
                }
                catch (Xunit.Sdk.XunitException e)
                {
                    // The server is being started.
                    return e.Message;
                }
            }, Patience);
        }
    }

    /// <summary>The addresses that the workers' gateways have.</summary>
    private Task<string> GatewaysAsync() => Lab.UserSucceedsAsync(
        "kubectl get nodes -l node-role.kubernetes.io/worker " +
        @"-o jsonpath='{range .items[*]}{.metadata.name} {.metadata.annotations.k8s\.ovn\.org/l3-gateway-config}{""\n""}{end}'" +
        @" | grep -oE '^[^ ]+|""ip-addresses"":\[[^]]*\]'");

    /// <summary>What pods take up on hosts and DPUs, without the names that chance makes.</summary>
    private async Task<string> LeftAsync()
    {
        var machines = await Task.WhenAll(Dpus.Select(async dpu =>
        {
            var ports = await Lab.InMachineAsync(dpu, "ovs-vsctl --bare --columns=external_ids find Interface external_ids:iface-id!='' | grep -oE 'iface-id=[^ ]+' | sort");
            var rows = await Lab.InMachineAsync(dpu, $"for t in Logical_Switch_Port Load_Balancer ACL Port_Group Address_Set; do echo $t $(ovn-nbctl --timeout=5 --no-headings --columns=_uuid list $t | grep -c .); done");
            var functions = await Lab.InMachineAsync(dpu.Split('-')[0], "ls /sys/class/net | grep -c '^ens1f0v'");
            return $"{dpu}\n{ports.Output}{rows.Output}{functions.Output}";
        }));
        return string.Concat(machines);
    }
}
