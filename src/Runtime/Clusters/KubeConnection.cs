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
    /// <param name="yaml">The kubeconfig.</param>
    /// <param name="network">The network to dial from; null for this process's own.</param>
    /// <param name="run">
    /// Runs a program that gets the user's credential; null where none is to be run, because the kubeconfig is not that of who runs this.
    /// </param>
    /// <exception cref="FormatException">It is no kubeconfig, names what it does not contain, or a program may not be run.</exception>
    public static KubeConnection FromKubeconfig(
        string yaml, INetworkNamespace? network = null, Func<CredentialProgram, UserCredential>? run = null)
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
        var server = new Uri(Text(cluster, "server") ?? throw new FormatException("kubeconfig: clusters[].cluster.server is missing"));
        var authority = Data(cluster, "certificate-authority");
        var credential = Own(user);
        if (credential is { Token: null, ClientCertificate: null } && Child(user, "exec") is YamlMappingNode exec)
        {
            // Taken for nobody, it would be refused with words that do not say why.
            credential = (run ?? throw new FormatException(
                "kubeconfig: users[].user.exec: programs that get credentials are not run here; put a token or a client certificate in it"))(
                Program(exec, server, authority));
        }

        return new KubeConnection
        {
            Server = server,
            CertificateAuthority = authority,
            ClientCertificate = credential.ClientCertificate,
            Token = credential.Token,
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
        var entries = (Child(root, list) as YamlSequenceNode ?? []).OfType<YamlMappingNode>();
        var entry = entries.FirstOrDefault(e => Text(e, "name") == name)
            ?? throw new FormatException($"kubeconfig: {list} has no entry named '{name}'");
        return Child(entry, field) as YamlMappingNode ?? throw new FormatException($"kubeconfig: {list} entry '{name}' has no {field}");
    }

    private static UserCredential Own(YamlMappingNode user)
    {
        var (token, file) = (Text(user, "token"), Text(user, "tokenFile"));
        return new UserCredential(
            token is not null ? () => token : file is not null ? new TokenFile(file).Read : null,
            Data(user, "client-certificate") is { } certificate
                ? (certificate, Data(user, "client-key") ?? throw new FormatException("kubeconfig: client-key is missing"))
                : null);
    }

    private static CredentialProgram Program(YamlMappingNode exec, Uri server, string? authority)
    {
        string Needed(string key) => Text(exec, key) ?? throw new FormatException($"kubeconfig: users[].user.exec.{key} is missing");
        var tellsCluster = Text(exec, "provideClusterInfo") == "true";
        return new CredentialProgram(
            Needed("apiVersion"),
            Needed("command"),
            [.. (Child(exec, "args") as YamlSequenceNode ?? []).OfType<YamlScalarNode>().Select(a => a.Value ?? "")],
            (Child(exec, "env") as YamlSequenceNode ?? []).OfType<YamlMappingNode>().Where(e => Text(e, "name") is not null)
                .ToDictionary(e => Text(e, "name")!, e => Text(e, "value") ?? "", StringComparer.Ordinal),
            Text(exec, "installHint"),
            tellsCluster ? server : null,
            tellsCluster ? authority : null);
    }

    private static YamlNode? Child(YamlMappingNode node, string key) => node.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    private static string? Text(YamlMappingNode node, string key) => Child(node, key) is YamlScalarNode { Value.Length: > 0 } scalar ? scalar.Value : null;

    private static string? Data(YamlMappingNode node, string key) =>
        Text(node, key + "-data") is { } base64 ? Encoding.UTF8.GetString(Convert.FromBase64String(base64))
        : Text(node, key) is { } file ? File.ReadAllText(file)
        : null;
}
