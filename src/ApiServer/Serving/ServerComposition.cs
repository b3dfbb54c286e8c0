using Dpf.ApiServer.Storage;
using Dpf.ApiServer.Strategies;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Serving;

/// <summary>
/// The parts of one server, while it is put together and while it runs. <see cref="ComposeBuiltIns"/> fills in the
/// built-in kinds, discovery, authorisation and so on.
/// </summary>
public sealed partial class ServerComposition
{
    /// <summary>How the server runs.</summary>
    public required ApiServerOptions Options { get; init; }

    /// <summary>Its certificates and keys.</summary>
    public required ClusterCertificates Certificates { get; init; }

    /// <summary>Its objects.</summary>
    public required IResourceStore Store { get; init; }

    /// <summary>What it serves.</summary>
    public ResourceRegistry Registry { get; } = new();

    /// <summary>Who sends a request, asked in order until one knows.</summary>
    public IList<IAuthenticator> Authenticators { get; } = [];

    /// <summary>Who may do what; null: everyone everything.</summary>
    public IAuthorizer? Authorizer { get; set; }

    /// <summary>Checks of changes, in order.</summary>
    public IList<IAdmission> Admission { get; } = [];

    /// <summary>What single kinds do besides what all do.</summary>
    public IDictionary<GroupResource, ResourceStrategy> Strategies { get; } = new Dictionary<GroupResource, ResourceStrategy>();

    /// <summary>Media types beyond JSON and YAML.</summary>
    public IList<IBodyCodec> Codecs { get; } = [];

    /// <summary>Tables.</summary>
    public ITableConverter? Tables { get; set; }

    /// <summary>
    /// Handlers of subresources and virtual resources by <c>group/resource[/subresource]</c>, e.g. <c>/pods/exec</c>.
    /// </summary>
    public IDictionary<string, IResourceHandler> Handlers { get; } =
        new Dictionary<string, IResourceHandler>(StringComparer.Ordinal);

    /// <summary>Handlers of paths that are no resources, by prefix (longest wins), e.g. <c>/version</c>.</summary>
    public IDictionary<string, RequestDelegate> Paths { get; } = new Dictionary<string, RequestDelegate>(StringComparer.Ordinal);

    /// <summary>What runs beside the requests.</summary>
    public IList<IBackgroundService> Background { get; } = [];

    /// <summary>Work to do once before the first request is served, when <see cref="Objects"/> works (bootstrap objects).</summary>
    public IList<Func<CancellationToken, Task>> Bootstrap { get; } = [];

    /// <summary>The verbs, in process and without authorisation.</summary>
    public ResourceOperations Objects { get; internal set; } = null!;

    /// <summary>Reads request bodies and writes answers in the form that the client asks for.</summary>
    public ResponseWriter Responses { get; internal set; } = null!;

    /// <summary>What it counts.</summary>
    internal RequestMetrics Metrics { get; } = new();

    /// <summary>Ends with the server; long answers (watches) end with it.</summary>
    public CancellationToken Stopping { get; internal set; }

    /// <summary>The server's address, once it listens, e.g. <c>https://127.0.0.1:34567</c>.</summary>
    public string Address { get; internal set; } = "";

    /// <summary>Adds the built-in kinds and services.</summary>
    partial void ComposeBuiltIns();

    internal void Compose() => ComposeBuiltIns();
}
