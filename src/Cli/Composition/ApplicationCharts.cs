using System.Text.Json.Nodes;
using Dpf.Helm.Rendering;
using Dpf.Helm.Repositories;
using Dpf.Lab.Addons.Argo;
using Dpf.Lab.Fabric;
using Dpf.Lab.Topologies;
using Dpf.Runtime.Machines;

namespace Dpf.Cli.Composition;

/// <summary>
/// Renders the charts of Argo CD Applications. The lab has no internet: what would come from NVIDIA's registry comes from the lab's,
/// under the same path.
/// </summary>
internal sealed class ApplicationCharts : IChartRenderer
{
    private static readonly string Registry = $"{LabAddresses.Services}:{GuideLab.ChartPort}";
    private readonly ChartFetcher _fetcher;

    public ApplicationCharts(GuideLab lab)
    {
        var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = (context, stop) => lab.ServicesNetwork.DialAsync(context.DnsEndPoint, stop),
        })
        { Timeout = TimeSpan.FromSeconds(30) };
        _fetcher = new ChartFetcher(http) { PlainHttp = new HashSet<string>(StringComparer.Ordinal) { Registry } };
    }

    public async Task<IReadOnlyList<JsonObject>> RenderAsync(ChartRequest request, CancellationToken cancellation)
    {
        var repository = request.Repository.StartsWith("http", StringComparison.Ordinal) || request.Repository.StartsWith("oci://", StringComparison.Ordinal)
            ? request.Repository
            : "oci://" + request.Repository;
        repository = repository.Replace("oci://nvcr.io/", $"oci://{Registry}/", StringComparison.Ordinal);
        var chart = await _fetcher.FetchAsync(new ChartReference(repository, request.Chart, request.Version), cancellation);
        var rendered = ChartRenderer.Render(
            chart, new ReleaseFacts(request.Release, request.Namespace), request.Values,
            Capabilities.Default with { KubeVersion = request.KubernetesVersion });
        return [.. rendered.Crds, .. rendered.Objects.Select(o => o.Value), .. rendered.Hooks.Select(h => h.Object.Value)];
    }
}
