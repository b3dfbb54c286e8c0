using System.Text.Json.Nodes;

namespace Dpf.Services.Argo;

/// <summary>The Argo CD objects that deploy a DPUService, as values (argoproj.io/v1alpha1).</summary>
public static class ArgoObjects
{
    /// <summary>The group of Argo CD's kinds.</summary>
    public const string Group = "argoproj.io";

    /// <summary>The API version of Argo CD's kinds.</summary>
    public const string ApiVersion = Group + "/v1alpha1";

    /// <summary>The project of what goes to DPU clusters.</summary>
    public const string DpuProject = "doca-platform-project-dpu";

    /// <summary>The project of what stays in the management cluster.</summary>
    public const string HostProject = "doca-platform-project-host";

    /// <summary>Argo CD's own name for the cluster that it runs in.</summary>
    public const string InCluster = "in-cluster";

    /// <summary>Label: the DPUService's name.</summary>
    public const string ServiceNameLabel = "dpu.nvidia.com/dpuservice-name";

    /// <summary>Label: the DPUService's namespace.</summary>
    public const string ServiceNamespaceLabel = "dpu.nvidia.com/dpuservice-namespace";

    /// <summary>Label: the DPUCluster an Application or cluster Secret belongs to.</summary>
    public const string ClusterLabel = "dpu.nvidia.com/cluster";

    /// <summary>Label that marks what this controller made.</summary>
    public const string ComponentLabel = "dpu.nvidia.com/component";

    /// <summary>The value of <see cref="ComponentLabel"/>.</summary>
    public const string Component = "dpuservice-manager";

    /// <summary>Annotation that pauses an Application.</summary>
    public const string SkipReconcile = "argocd.argoproj.io/skip-reconcile";

    /// <summary>Makes Argo CD delete what an Application deployed before the Application goes.</summary>
    public const string Finalizer = "resources-finalizer.argocd.argoproj.io";

    /// <summary>A project.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="ns">The namespace of Argo CD.</param>
    /// <param name="clusters">The clusters it may deploy to.</param>
    public static JsonObject Project(string name, string ns, IEnumerable<string> clusters) => new()
    {
        ["apiVersion"] = ApiVersion,
        ["kind"] = "AppProject",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = ns,
            ["labels"] = new JsonObject { [ComponentLabel] = Component },
        },
        ["spec"] = new JsonObject
        {
            ["description"] = "Installing DPU Services",
            ["sourceRepos"] = new JsonArray("*"),
            ["destinations"] = new JsonArray(
                [.. clusters.Select(c => new JsonObject { ["name"] = c, ["namespace"] = "*" })]),
            ["clusterResourceWhitelist"] = new JsonArray(new JsonObject { ["group"] = "*", ["kind"] = "*" }),
            ["orphanedResources"] = new JsonObject(),
        },
    };

    /// <summary>An Application of a DPUService in one cluster.</summary>
    public static JsonObject Application(ApplicationSource source, string cluster, string argoNamespace)
    {
        var helm = new JsonObject { ["valuesObject"] = source.Values.DeepClone() };
        if (source.ReleaseName is not null)
        {
            helm["releaseName"] = source.ReleaseName;
        }

        var chart = new JsonObject
        {
            // Argo CD tells an OCI repository by the missing scheme.
            ["repoURL"] = source.RepoUrl.StartsWith("oci://", StringComparison.Ordinal) ? source.RepoUrl["oci://".Length..] : source.RepoUrl,
            ["targetRevision"] = source.Version,
            ["helm"] = helm,
        };
        if (source.Chart is not null)
        {
            chart["chart"] = source.Chart;
        }

        if (!string.IsNullOrEmpty(source.Path))
        {
            chart["path"] = source.Path;
        }

        return new JsonObject
        {
            ["apiVersion"] = ApiVersion,
            ["kind"] = "Application",
            ["metadata"] = new JsonObject
            {
                ["name"] = Name(cluster, source.Service),
                ["namespace"] = argoNamespace,
                ["labels"] = new JsonObject
                {
                    [ClusterLabel] = cluster,
                    [ServiceNameLabel] = source.Service,
                    [ServiceNamespaceLabel] = source.Namespace,
                    [ComponentLabel] = Component,
                },
                ["finalizers"] = new JsonArray(Finalizer),
            },
            ["spec"] = new JsonObject
            {
                ["project"] = cluster == InCluster ? HostProject : DpuProject,
                ["source"] = chart,
                ["destination"] = new JsonObject { ["name"] = cluster, ["namespace"] = source.Namespace },
                ["syncPolicy"] = new JsonObject
                {
                    ["automated"] = new JsonObject { ["prune"] = true, ["selfHeal"] = true },

                    // Argo CD tries one revision only so often; a DPU that joins late must not find it given up.
                    ["retry"] = new JsonObject
                    {
                        ["limit"] = -1,
                        ["backoff"] = new JsonObject { ["duration"] = "5s", ["factor"] = 2, ["maxDuration"] = "3m" },
                    },
                },
            },
        };
    }

    /// <summary>The name of a DPUService's Application in a cluster.</summary>
    public static string Name(string cluster, string service) => $"{cluster}-{service}";
}

/// <summary>What an Application deploys.</summary>
/// <param name="Service">The DPUService's name.</param>
/// <param name="Namespace">Its namespace, which is also where its pods go.</param>
/// <param name="RepoUrl"><c>oci://…</c> or <c>https://…</c>.</param>
/// <param name="Version">The chart's version.</param>
/// <param name="Chart">The chart's name, or null.</param>
/// <param name="Path">A path in the repository, or null.</param>
/// <param name="ReleaseName">The release's name, or null.</param>
/// <param name="Values">Helm values.</param>
public sealed record ApplicationSource(
    string Service, string Namespace, string RepoUrl, string Version, string? Chart, string? Path, string? ReleaseName, JsonObject Values);
