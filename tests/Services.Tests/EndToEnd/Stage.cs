using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Services.Tests.Admission;

namespace Dpf.Services.Tests.EndToEnd;

/// <summary>
/// What has no place beside embedded API servers: nodes that run Deployments, Argo CD that turns an Application into a workload of
/// its cluster and back, and the way from the API server to the webhooks of the services' controller.
/// </summary>
internal sealed class Stage(KubeClient management, IReadOnlyDictionary<string, KubeClient> dpuClusters, ControllerPod services)
{
    private const string Argo = "argoproj.io/v1alpha1";
    private const string WebhookService = "dpuservice-webhook-service";
    private const string Finalizer = "resources-finalizer.argocd.argoproj.io";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Plays until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await ExposeWebhooksAsync(cancellation);
        while (true)
        {
            try
            {
                await RunWorkloadsAsync(cancellation);
                foreach (var application in await management.ListAsync(Argo, "Application", null, cancellation))
                {
                    await PlayAsync(application, cancellation);
                }

                await ServeWebhooksAsync(cancellation);
            }
            catch (KubeException e) when (e.IsConflict || e.IsNotFound)
            {
                // Changed or gone meanwhile.
            }

            await Task.Delay(Pause, TimeProvider.System, cancellation);
        }
    }

    private async Task PlayAsync(JsonObject application, CancellationToken cancellation)
    {
        var (ns, name) = ((string)application["metadata"]!["namespace"]!, (string)application["metadata"]!["name"]!);
        var destination = application["spec"]!["destination"]!;
        var target = dpuClusters.GetValueOrDefault((string)destination["name"]!) ?? management;
        var there = (string)destination["namespace"]!;
        if (application["metadata"]!["deletionTimestamp"] is not null)
        {
            await target.DeleteAsync("apps/v1", "Deployment", there, name, cancellation);
            await PatchAsync(Argo, "Application", ns, name, "", new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, cancellation);
            return;
        }

        if (application["metadata"]!["finalizers"]?.AsArray().Any(f => (string?)f == Finalizer) == true)
        {
            var values = application["spec"]!["source"]!["helm"]!["valuesObject"]!.ToJsonString();
            await target.ApplyAsync(Workload(there, name, values), "argocd-controller", cancellation);
            if ((string?)application["status"]?["health"]?["status"] != "Healthy")
            {
                await PatchAsync(Argo, "Application", ns, name, "", JsonNode.Parse("""
                    {"status":{"sync":{"status":"Synced"},"health":{"status":"Healthy"}}}
                    """)!, cancellation);
            }
        }
    }

    private static JsonObject Workload(string ns, string name, string values)
    {
        var workload = Manifests.Parse($$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: {{name}}, namespace: {{ns}}, labels: {argocd.argoproj.io/instance: {{name}} } }
            spec:
              selector: {matchLabels: {app: {{name}} } }
              template: {metadata: {labels: {app: {{name}} } }, spec: {containers: [{name: c, image: i}]} }
            """, "stage")[0];
        workload["metadata"]!["annotations"] = new JsonObject { ["values"] = values };
        return workload;
    }

    private async Task RunWorkloadsAsync(CancellationToken cancellation)
    {
        foreach (var kind in new[] { "Deployment", "DaemonSet" })
        {
            foreach (var workload in await management.ListAsync("apps/v1", kind, TwoClusters.SystemNamespace, cancellation))
            {
                var generation = (long)workload["metadata"]!["generation"]!;
                if ((long?)workload["status"]?["observedGeneration"] != generation)
                {
                    await PatchAsync("apps/v1", kind, TwoClusters.SystemNamespace, (string)workload["metadata"]!["name"]!, "status", new JsonObject
                    {
                        ["status"] = kind == "Deployment"
                            ? new JsonObject
                            {
                                ["observedGeneration"] = generation, ["replicas"] = 1, ["readyReplicas"] = 1, ["updatedReplicas"] = 1, ["availableReplicas"] = 1,
                            }
                            : new JsonObject
                            {
                                ["observedGeneration"] = generation, ["desiredNumberScheduled"] = 0, ["numberReady"] = 0, ["updatedNumberScheduled"] = 0,
                                ["currentNumberScheduled"] = 0, ["numberMisscheduled"] = 0,
                            },
                    }, cancellation);
                }
            }
        }
    }

    // What cert-manager and kube-proxy would do for the webhooks of the services' controller; the others' have no pod.
    private async Task ServeWebhooksAsync(CancellationToken cancellation)
    {
        foreach (var kind in new[] { "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration" })
        {
            foreach (var configuration in await management.ListAsync("admissionregistration.k8s.io/v1", kind, null, cancellation))
            {
                var webhooks = configuration["webhooks"]!.DeepClone().AsArray();
                var changed = false;
                foreach (var hook in webhooks)
                {
                    var config = hook!["clientConfig"]!;
                    if ((string?)config["service"]?["name"] == WebhookService)
                    {
                        changed |= (string?)config["caBundle"] != services.CaBundle;
                        config["caBundle"] = services.CaBundle;
                    }
                    else
                    {
                        changed |= hook["namespaceSelector"]?["matchLabels"] is null;
                        hook["namespaceSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["never"] = "so" } };
                    }
                }

                if (changed)
                {
                    await PatchAsync(
                        "admissionregistration.k8s.io/v1", kind, null, (string)configuration["metadata"]!["name"]!, "", new JsonObject { ["webhooks"] = webhooks }, cancellation);
                }
            }
        }
    }

    private Task ExposeWebhooksAsync(CancellationToken cancellation) => management.ApplyAsync(
        Manifests.Parse($$"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: webhooks, namespace: {{TwoClusters.SystemNamespace}}, labels: {kubernetes.io/service-name: {{WebhookService}} } }
            addressType: IPv4
            endpoints: [{addresses: [127.0.0.1], conditions: {ready: true} }]
            ports: [{port: {{services.Port}} }]
            """, "stage")[0], "stage", cancellation);

    private async Task PatchAsync(string version, string kind, string? ns, string name, string part, JsonNode patch, CancellationToken cancellation)
    {
        var (type, _) = await management.MapAsync(version, kind, cancellation);
        await management.SendRawAsync(
            HttpMethod.Patch, part.Length == 0 ? type.Path(ns, name) : type.Path(ns, name, part), patch, cancellation, "application/merge-patch+json");
    }
}
