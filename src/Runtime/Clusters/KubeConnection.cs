using System.Text;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Tls;
using YamlDotNet.RepresentationModel;

namespace Dpf.Runtime.Clusters;

/// <summary>How to reach an API server, and as whom.</summary>
public sealed record KubeConnection
{
    /// <summary>The server, e.g. <c>https://10.0.110.1:6443</c>.</summary>
    public required Uri Server { get; init; }

    /// <summary>The certificate authorities to trust, PEM; null trusts the system's.</summary>
    public string? CertificateAuthority { get; init; }

    /// <summary>A client certificate and its key, PEM.</summary>
    public (string Certificate, string Key)? ClientCertificate { get; init; }

    /// <summary>Gives the bearer token; asked at every request, because tokens rotate.</summary>
    public Func<string?>? Token { get; init; }

    /// <summary>The network to dial from; null for this process's own.</summary>
    public INetworkNamespace? Network { get; init; }

    /// <summary>Reads the current context of a kubeconfig.</summary>
    /// <exception cref="FormatException">It is no kubeconfig, or names what it does not contain.</exception>
    public static KubeConnection FromKubeconfig(string yaml, INetworkNamespace? network = null)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlDotNet.Core.YamlException e)
        {
            throw new FormatException($"kubeconfig: not YAML: {e.Message}", e);
        }

        var root = stream.Documents.Count > 0 ? stream.Documents[0].RootNode as YamlMappingNode : null;
        if (root is null)
        {
            throw new FormatException("kubeconfig: empty");
        }

        var context = Entry(root, "contexts", Text(root, "current-context"), "context");
        var cluster = Entry(root, "clusters", Text(context, "cluster"), "cluster");
        var user = Entry(root, "users", Text(context, "user"), "user");
        var token = Text(user, "token");
        var tokenFile = Text(user, "tokenFile");
        if (token is null && tokenFile is null && Data(user, "client-certificate") is null && user.Children.ContainsKey(new YamlScalarNode("exec")))
        {
            // Taken for nobody, it would be refused with words that do not say why.
            throw new FormatException("kubeconfig: users[].user.exec: programs that get credentials are not run here; put a token or a client certificate in it");
        }

        return new KubeConnection
        {
            Server = new Uri(Text(cluster, "server") ?? throw new FormatException("kubeconfig: clusters[].cluster.server is missing")),
            CertificateAuthority = Data(cluster, "certificate-authority"),
            ClientCertificate = Data(user, "client-certificate") is { } certificate
                ? (certificate, Data(user, "client-key") ?? throw new FormatException("kubeconfig: client-key is missing"))
                : null,
            Token = token is not null ? () => token : tokenFile is not null ? new TokenFile(tokenFile).Read : null,
            Network = network,
        };
    }

    /// <summary>An HTTP handler for this connection; several may share one.</summary>
    public SocketsHttpHandler CreateHandler()
    {
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            EnableMultipleHttp2Connections = true,
            UseProxy = false,
        };
        if (CertificateAuthority is { } ca)
        {
            handler.SslOptions.CertificateChainPolicy = TlsTrust.Only(ca);
        }

        if (ClientCertificate is var (certificate, key))
        {
            handler.SslOptions.ClientCertificateContext = TlsTrust.Own(certificate, key);
        }

        if (Network is { } network)
        {
            handler.ConnectCallback = (context, stop) => network.DialAsync(context.DnsEndPoint, stop);
        }

        return handler;
    }

    private static YamlMappingNode Entry(YamlMappingNode root, string list, string? name, string field)
    {
        var entries = root.Children.TryGetValue(new YamlScalarNode(list), out var node) && node is YamlSequenceNode sequence
            ? sequence.OfType<YamlMappingNode>()
            : [];
        var entry = entries.FirstOrDefault(e => Text(e, "name") == name)
            ?? throw new FormatException($"kubeconfig: {list} has no entry named '{name}'");
        return entry.Children.TryGetValue(new YamlScalarNode(field), out var value) && value is YamlMappingNode map
            ? map
            : throw new FormatException($"kubeconfig: {list} entry '{name}' has no {field}");
    }

    private static string? Text(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(new YamlScalarNode(key), out var value) && value is YamlScalarNode { Value.Length: > 0 } scalar
            ? scalar.Value
            : null;

    private static string? Data(YamlMappingNode node, string key) =>
        Text(node, key + "-data") is { } base64 ? Encoding.UTF8.GetString(Convert.FromBase64String(base64))
        : Text(node, key) is { } file ? File.ReadAllText(file)
        : null;
}
