using System.Security.Cryptography.X509Certificates;
using Dpf.ApiServer;
using Dpf.Lab.Addons.Kamaji;

namespace Dpf.Cli.Composition;

/// <summary>Hosts the API servers of DPU clusters in this process.</summary>
internal sealed class ApiServerLauncher : IApiServerLauncher
{
    public async Task<IRunningApiServer> StartAsync(ApiServerPlacement placement, CancellationToken cancellation) =>
        new Running(
            await EmbeddedApiServer.StartAsync(
                new ApiServerOptions
                {
                    DataPath = placement.DataPath,
                    Endpoints = [new ApiEndpoint { Host = placement.Host, Port = placement.Port, Socket = placement.BoundSocket }],
                    ExtraSans = placement.ExtraSans,
                    Dialer = placement.Dialer,
                    ServiceCidr = placement.ServiceCidr,
                    KubernetesVersion = placement.KubernetesVersion,
                    Loggers = placement.Loggers,
                    Time = placement.Time,
                },
                cancellation),
            placement.DataPath);

    private sealed class Running(EmbeddedApiServer server, string folder) : IRunningApiServer
    {
        public X509Certificate2 Authority =>
            X509Certificate2.CreateFromPemFile(Path.Combine(folder, "pki", "ca.crt"), Path.Combine(folder, "pki", "ca.key"));

        public X509Certificate2 IssueClient(string user, IReadOnlyCollection<string> groups) =>
            server.Composition.Certificates.Client(user, groups);

        public ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
