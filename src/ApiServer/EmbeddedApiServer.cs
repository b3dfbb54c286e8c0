namespace Dpf.ApiServer;

/// <summary>A Kubernetes API server in this process.</summary>
public sealed partial class EmbeddedApiServer
{
}
