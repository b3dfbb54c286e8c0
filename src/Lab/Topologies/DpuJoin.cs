using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Dpf.Lab.BlueField;
using Dpf.Lab.Kubelet;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Tls;
using Microsoft.Extensions.Logging;
using YamlDotNet.RepresentationModel;

namespace Dpf.Lab.Topologies;

/// <summary>
/// Carries out a DPU's <c>kubeadm join</c>: checks the cluster's authority against the hash in the command, starts a kubelet with
/// the token, and tells the waiting command how it went.
/// </summary>
internal sealed class DpuJoin(BlueFieldCard card, LabOptions options, IReadOnlyDictionary<string, IComponent> components)
{
    private const string Request = "/etc/kubernetes/join";
    private const string Done = "/etc/kubernetes/kubelet.conf";
    private const string Failed = "/etc/kubernetes/join.error";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private readonly ILogger _logger = options.Loggers.CreateLogger(card.Computer.HostName);

    /// <summary>Runs until cancelled: a card that is installed anew joins anew.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        NodeRunner? node = null;
        var boot = 0;
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                try
                {
                    if (node is not null && (card.Computer.ProcessId != boot || !card.Computer.IsOn))
                    {
                        await node.DisposeAsync();
                        node = null;
                    }

                    if (node is null && card.Computer.IsOn && File.Exists(card.Computer.Path(Request)))
                    {
                        boot = card.Computer.ProcessId;
                        node = await JoinAsync(cancellation);
                    }
                }
                catch (Exception e) when (e is IOException or FormatException or AuthenticationFailedException or SocketException or CryptographicException or MachineCommandException)
                {
                    _logger.LogWarning("join: {Message}", e.Message);
                }

                await Task.Delay(Poll, options.Time, cancellation);
            }
        }
        finally
        {
            if (node is not null)
            {
                await node.DisposeAsync();
            }
        }
    }

    private async Task<NodeRunner?> JoinAsync(CancellationToken cancellation)
    {
        var request = File.ReadAllLines(card.Computer.Path(Request)).Select(l => l.Split('=', 2)).Where(p => p.Length == 2)
            .ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
        var endpoint = request["endpoint"].Split(':');
        var (host, port) = (endpoint[0], int.Parse(endpoint[1], System.Globalization.CultureInfo.InvariantCulture));
        string authority;
        try
        {
            authority = await AuthorityAsync(host, port, request.GetValueOrDefault("hash") ?? "", cancellation);
        }
        catch (AuthenticationFailedException e)
        {
            await File.WriteAllTextAsync(card.Computer.Path(Failed), e.Message + "\n", cancellation);
            File.Delete(card.Computer.Path(Request));
            throw;
        }

        var address = await AddressAsync(host, cancellation);
        if (address is null)
        {
            return null;
        }

        var runner = new NodeRunner(new KubeletOptions
        {
            Machine = card.Computer,
            NodeName = request["node"],
            Connection = new KubeConnection
            {
                Server = new Uri($"https://{host}:{port}"),
                CertificateAuthority = authority,
                Token = () => request["token"],
                Network = card.Computer.Network,
            },
            NodeIp = address,
            StateFolder = Path.Combine(options.StateRoot, "kubelets", request["node"]),
            Components = components,
            Isolated = options.Isolated,
            Capacity = new Dictionary<string, string>
            {
                ["cpu"] = "16", ["memory"] = "32Gi", ["ephemeral-storage"] = "60Gi", ["pods"] = "110",
            },
            Loggers = options.Loggers,
            Time = options.Time,
        });
        await File.WriteAllTextAsync(card.Computer.Path(Done), $"server: https://{host}:{port}\n", cancellation);
        _logger.LogInformation("joins {Host}:{Port} as {Node}", host, port, request["node"]);
        return runner;
    }

    // kubeadm's discovery: what the cluster says of itself to anybody is believed once its authority's public key hashes to what the
    // command says, and the server's own certificate comes from that authority.
    private async Task<string> AuthorityAsync(string host, int port, string hash, CancellationToken cancellation)
    {
        X509Certificate2? server = null;
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = (context, stop) => card.Computer.Network.DialAsync(context.DnsEndPoint, stop),
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    server = certificate is null ? null : X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
                    return server is not null;
                },
            },
        })
        { Timeout = TimeSpan.FromSeconds(3) };
        string info;
        try
        {
            info = await http.GetStringAsync($"https://{host}:{port}/api/v1/namespaces/kube-public/configmaps/cluster-info", cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new IOException($"{host}:{port} does not tell of its cluster yet: {e.Message}", e);
        }

        var authority = Authority((string?)JsonNode.Parse(info)?["data"]?["kubeconfig"] ?? "");
        using var root = X509Certificate2.CreateFromPem(authority);
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(root.PublicKey.ExportSubjectPublicKeyInfo()));
        if (!string.Equals(digest, hash, StringComparison.OrdinalIgnoreCase))
        {
            throw new AuthenticationFailedException($"{host}:{port}: the cluster's authority has the public key {digest}, and the join command wants {hash}");
        }

        return TlsTrust.Only(authority).Trusts(server!)
            ? authority
            : throw new AuthenticationFailedException($"{host}:{port}: the server's certificate is not of the cluster's authority");
    }

    // A kubeconfig with a cluster and nothing else, so no client can be made of it.
    private static string Authority(string kubeconfig)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(kubeconfig));
        return stream.Documents is [{ RootNode: YamlMappingNode root }] && root.Children.TryGetValue("clusters", out var clusters) &&
            clusters is YamlSequenceNode { Children: [YamlMappingNode first] } && first.Children.TryGetValue("cluster", out var cluster) &&
            cluster is YamlMappingNode fields && fields.Children.TryGetValue("certificate-authority-data", out var data) &&
            data is YamlScalarNode { Value: { } base64 }
            ? System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(base64))
            : throw new FormatException("the ConfigMap kube-public/cluster-info holds no cluster with certificate-authority-data");
    }

    private async Task<string?> AddressAsync(string peer, CancellationToken cancellation)
    {
        var route = await card.Computer.ExecuteAsync(cancellation, "ip", "-4", "route", "get", peer);
        var words = route.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var at = Array.IndexOf(words, "src");
        return at >= 0 ? words[at + 1] : null;
    }

    private sealed class AuthenticationFailedException(string message) : Exception(message);
}
