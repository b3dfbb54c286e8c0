using System.Text.Json.Nodes;

namespace Dpf.Lab.Addons.Argo;

/// <summary>Turns the chart of an Application into objects.</summary>
public interface IChartRenderer
{
    /// <summary>Fetches and renders.</summary>
    Task<IReadOnlyList<JsonObject>> RenderAsync(ChartRequest request, CancellationToken cancellation);
}

/// <summary>A chart to render.</summary>
/// <param name="Repository">The repository: <c>https://…</c>, or a registry (with or without <c>oci://</c>).</param>
/// <param name="Chart">The chart's name in it.</param>
/// <param name="Version">The version.</param>
/// <param name="Release">The release's name.</param>
/// <param name="Namespace">The release's namespace.</param>
/// <param name="Values">The values over the chart's own.</param>
/// <param name="KubernetesVersion">What <c>.Capabilities.KubeVersion</c> says.</param>
public sealed record ChartRequest(
    string Repository, string Chart, string Version, string Release, string Namespace, JsonObject Values, string KubernetesVersion)
{
    /// <summary>Who to be at the repository, or null.</summary>
    public (string User, string Password)? Credentials { get; init; }

    /// <summary>The network to fetch from.</summary>
    public required Runtime.Machines.INetworkNamespace Network { get; init; }
}
