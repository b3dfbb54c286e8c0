using System.Text.Json.Nodes;
using Dpf.Chaining.Sets;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Chaining.Tests.Sets;

/// <summary>A DPU cluster with the sets' controller, which has the rights that its chart gives it.</summary>
public sealed class SetsWorld : IAsyncLifetime
{
    internal const string Version = "svc.dpu.nvidia.com/v1alpha1";
    internal const string Namespace = "dpf-operator-system";
    private const string Account = "dpf-servicechain-controller-manager";
    private const string Chart = "dpu-networking/charts/servicechainset-controller";
    private readonly CancellationTokenSource _stop = new();
    private TestCluster _cluster = null!;
    private KubeClient? _controller;
    private Task _running = Task.CompletedTask;

    internal KubeClient Client => _cluster.Client;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync(Chart, "dpu-networking/charts/nvidia-k8s-ipam");
        await ApplyAsync($"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {Namespace}}}");
        var rights = await File.ReadAllTextAsync(Path.Combine(TestFolder.Repository, "deploy/charts", Chart, "templates/rbac.yaml"), Cancellation);
        await ApplyAsync(rights.Replace("{{ .Release.Namespace }}", Namespace, StringComparison.Ordinal));
        var answer = await Client.SendRawAsync(
            HttpMethod.Post, $"/api/v1/namespaces/{Namespace}/serviceaccounts/{Account}/token",
            new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = new JsonObject() }, Cancellation);
        var token = (string)answer!["status"]!["token"]!;
        _controller = new KubeClient(new KubeConnection
        {
            Server = new Uri(_cluster.Server.Address), CertificateAuthority = _cluster.Server.CaPem, Token = () => token,
        });
        var machine = new LocalMachine();
        var context = new ComponentContext { Name = "servicechainset-controller", Machine = machine, Network = machine.Network, Loggers = NullLoggerFactory.Instance };
        _running = Task.Run(() => ServiceSetsComponent.WorkAsync(context, _controller, _stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _controller?.Dispose();
        _stop.Dispose();
        await _cluster.DisposeAsync();
    }

    internal Task ApplyAsync(string yaml) => _cluster.ApplyAsync(yaml);

    /// <summary>A DPU that has joined, for one test alone.</summary>
    internal async Task AddNodeAsync(string name, string test, string spec = "")
    {
        await ApplyAsync($"apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{test: {test}}} }}\nspec: {{{spec}}}");
        await HearAsync(name, true);
    }

    /// <summary>Says of a node whether it is heard of.</summary>
    internal Task HearAsync(string node, bool isReady) => Client.PatchStatusAsync<V1Node>(
        null, node, JsonNode.Parse($$$"""{"status":{"conditions":[{"type":"Ready","status":"{{{(isReady ? "True" : "Unknown")}}}"}]}}""")!, Cancellation);

    /// <summary>What a node's agent says of an object as it is now; nothing is missing if it says nothing.</summary>
    internal async Task ReportAsync(string kind, string name, string missing = "")
    {
        var value = await Client.HasAsync(Version, kind, Namespace, name);
        var report = new AgentReport((long)value["metadata"]!["generation"]!, missing.Length == 0, missing);
        await PatchAsync(kind, name, new JsonObject { ["annotations"] = new JsonObject { [ChainingLabels.Report] = report.Write() } });
    }

    /// <summary>Changes an object's metadata.</summary>
    internal async Task PatchAsync(string kind, string name, JsonObject metadata)
    {
        var (type, _) = await Client.MapAsync(Version, kind, Cancellation);
        await Client.SendRawAsync(
            HttpMethod.Patch, type.Path(Namespace, name), new JsonObject { ["metadata"] = metadata }, Cancellation, "application/merge-patch+json");
    }

    /// <summary>Waits until a condition of an object says so, of the object as it is now; the object.</summary>
    internal Task<JsonObject> SaysAsync(string kind, string name, string type, string status, string reason, string message = "") => Client.HasAsync(
        Version, kind, Namespace, name, v =>
            (v["status"]?["conditions"] as JsonArray)?.FirstOrDefault(c => (string?)c!["type"] == type) is { } c &&
            ((string?)c["status"], (string?)c["reason"]) == (status, reason) && ((string?)c["message"])!.Contains(message, StringComparison.Ordinal) &&
            (long?)v["status"]!["observedGeneration"] == (long?)v["metadata"]!["generation"]);
}
