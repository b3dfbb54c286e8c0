using Dpf.Cli.Clusters;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.Cli.Tests;

/// <summary>The kubeconfig of who runs a command, on a cluster of their own.</summary>
public sealed class UserKubeconfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-kubeconfig-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void OfSeveralFilesTheFirstThatSaysSomethingCounts()
    {
        var first = Write("first", "users:\n- {name: me, user: {token: first}}\n");
        var second = Write(
            "second",
            """
            current-context: here
            clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443"}}]
            contexts: [{name: here, context: {cluster: c, user: me}}]
            users: [{name: me, user: {token: second}}]
            """);
        var connection = UserKubeconfig.Read([first, Path.Combine(_folder, "missing"), second]);
        Assert.Equal(new Uri("https://10.0.0.1:6443"), connection.Server);
        Assert.Equal("first", connection.Token!());
    }

    [Fact]
    public void PathsAreThoseOfTheFileThatNamesThem()
    {
        Write("ca.crt", "AUTHORITY");
        Directory.CreateDirectory(Path.Combine(_folder, "user"));
        Write("user/me.crt", "CERTIFICATE");
        Write("user/me.key", "KEY");
        var users = Write("user/config", "users: [{name: me, user: {client-certificate: me.crt, client-key: me.key}}]");
        var config = Write(
            "config",
            """
            current-context: here
            clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443", certificate-authority: ca.crt}}]
            contexts: [{name: here, context: {cluster: c, user: me}}]
            """);
        var connection = UserKubeconfig.Read([config, users]);
        Assert.Equal("AUTHORITY", connection.CertificateAuthority);
        Assert.Equal(("CERTIFICATE", "KEY"), connection.ClientCertificate);
    }

    [Fact]
    public void NoFileAtAllIsSaid() => Assert.Throws<FileNotFoundException>(() => UserKubeconfig.Read([Path.Combine(_folder, "missing")]));

    [Fact]
    public void AProgramGetsTheCredentialAndIsToldOfTheCluster()
    {
        Program("login", """
            echo "opening a browser" >&2
            case $KUBERNETES_EXEC_INFO in *https://10.0.0.1:6443*) who=$1-$REALM ;; esac
            echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "'"$who"'"}}'
            """);
        var connection = UserKubeconfig.Read([Write("config", Config("./login", "args: [two words], env: [{name: REALM, value: lab}], provideClusterInfo: true"))]);
        Assert.Equal("two words-lab", connection.Token!());
        Assert.Null(connection.ClientCertificate);
    }

    [Fact]
    public void AProgramMayGiveACertificate()
    {
        Program("login", """echo '{"apiVersion": "client.authentication.k8s.io/v1", "status": {"clientCertificateData": "CERTIFICATE", "clientKeyData": "KEY"}}'""");
        var connection = UserKubeconfig.Read([Write("config", Config("./login"))]);
        Assert.Equal(("CERTIFICATE", "KEY"), connection.ClientCertificate);
        Assert.Null(connection.Token);
    }

    [Fact]
    public void ATokenIsGotAnewOnceItHasEndedAndNotBefore()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        var path = Program("login", $$$"""
            n=$(($(cat {{{_folder}}}/n 2>/dev/null || echo 0) + 1)); echo $n >{{{_folder}}}/n
            echo '{"apiVersion": "client.authentication.k8s.io/v1", "status": {"token": "'$n'", "expirationTimestamp": "1970-01-01T00:0'$n':00Z"}}'
            """);
        var token = new ProgramRun(new("client.authentication.k8s.io/v1", path, [], new Dictionary<string, string>(), null, null, null), time).Credential().Token!;
        Assert.Equal(("1", "1"), (token(), token()));
        time.Advance(TimeSpan.FromSeconds(55));
        Assert.Equal(("2", "2"), (token(), token()));
    }

    [Theory]
    [InlineData("exit 3", "ended with code 3")]
    [InlineData("echo not-json-but-secret", "gave no JSON (line 1)")]
    [InlineData("echo '{}'", "gave no ExecCredential of client.authentication.k8s.io/v1")]
    [InlineData("""echo '{"apiVersion": "client.authentication.k8s.io/v1beta1", "status": {"token": "t"}}'""", "gave no ExecCredential")]
    [InlineData("""echo '{"apiVersion": "client.authentication.k8s.io/v1", "status": {}}'""", "neither status.token")]
    public void WhyAProgramIsOfNoUseIsSaidWithoutWhatItGave(string script, string reason)
    {
        Program("login", script);
        var message = Assert.Throws<FormatException>(() => UserKubeconfig.Read([Write("config", Config("./login"))])).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingProgramIsSaidWithItsHint()
    {
        var message = Assert.Throws<FormatException>(() => UserKubeconfig.Read([Write("config", Config("dpf-no-such-login", "installHint: get it at example.com"))])).Message;
        Assert.Contains("dpf-no-such-login, which gets the credential, cannot be run", message, StringComparison.Ordinal);
        Assert.EndsWith("get it at example.com", message, StringComparison.Ordinal);
    }

    private static string Config(string command, string more = "") =>
        $$$"""
        current-context: here
        clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443"}}]
        contexts: [{name: here, context: {cluster: c, user: me}}]
        users: [{name: me, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: {{{command}}}, {{{more}}} } } }]
        """;

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private string Program(string name, string script)
    {
        var path = Write(name, "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
