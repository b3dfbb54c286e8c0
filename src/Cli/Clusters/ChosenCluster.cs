using System.CommandLine;
using Dpf.Cli.Commands;
using Dpf.Cli.Daemon;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Machines;

namespace Dpf.Cli.Clusters;

/// <summary>
/// The management cluster that a command speaks to: that of <c>--kubeconfig</c>, else of <c>KUBECONFIG</c>, else the lab, else of
/// <c>~/.kube/config</c>, else the one whose pod this is.
/// </summary>
internal static class ChosenCluster
{
    private const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>The option of a command.</summary>
    public static Option<string?> Option() => new("--kubeconfig")
    {
        Description = "the management cluster; else KUBECONFIG, the lab that runs, ~/.kube/config or the cluster of this pod",
    };

    /// <summary>A client of it.</summary>
    /// <exception cref="UserErrorException">There is none, or its kubeconfig cannot be used.</exception>
    public static KubeClient Open(string? kubeconfig)
    {
        var candidates = new[]
        {
            kubeconfig, Environment.GetEnvironmentVariable("KUBECONFIG"), Existing(LabPaths.Default.Kubeconfig),
            Existing(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube/config")),
        };
        if (candidates.FirstOrDefault(file => file is { Length: > 0 }) is { } chosen)
        {
            try
            {
                return new KubeClient(UserKubeconfig.Read(chosen == kubeconfig ? [chosen] : chosen.Split(':', StringSplitOptions.RemoveEmptyEntries)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
            {
                throw new UserErrorException($"the kubeconfig {chosen} cannot be used: {e.Message}", 2);
            }
        }

        if (Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST") is { Length: > 0 } host && File.Exists(ServiceAccount + "/token"))
        {
            return new KubeClient(new KubeConnection
            {
                Server = new Uri($"https://{host}:{Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT") ?? "443"}"),
                CertificateAuthority = File.ReadAllText(ServiceAccount + "/ca.crt"),
                Token = () => File.ReadAllText(ServiceAccount + "/token").Trim(),
            });
        }

        throw new UserErrorException("no cluster: no lab is running (./dpf up starts one), and there is neither --kubeconfig, KUBECONFIG nor ~/.kube/config");
    }

    /// <summary>Does work on the cluster; what the cluster refuses, and its silence, are the user's to read.</summary>
    public static async Task<int> UseAsync(string? kubeconfig, Func<KubeClient, ClusterClients, Task<int>> work)
    {
        using var client = Open(kubeconfig);
        await using var clusters = new ClusterClients(
            client, null as INetworkNamespace, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        try
        {
            return await work(client, clusters);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException or KubeException)
        {
            throw new UserErrorException($"{client.Connection.Server}: {e.Message}");
        }
    }

    private static string? Existing(string file) => File.Exists(file) ? file : null;
}
