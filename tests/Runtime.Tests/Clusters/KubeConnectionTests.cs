using Dpf.Runtime.Clusters;
using Dpf.Testing;

namespace Dpf.Runtime.Tests;

public sealed class KubeConnectionTests
{
    private const string Kubeconfig = """
        apiVersion: v1
        kind: Config
        current-context: b
        clusters:
        - {name: one, cluster: {server: "https://10.0.0.1:6443"}}
        - {name: two, cluster: {server: "https://10.0.0.2:6443", certificate-authority-data: UEVN}}
        users:
        - {name: me, user: {token: secret}}
        contexts:
        - {name: a, context: {cluster: one, user: me}}
        - {name: b, context: {cluster: two, user: me}}
        """;

    [Fact]
    public void TheCurrentContextIsTaken()
    {
        var connection = KubeConnection.FromKubeconfig(Kubeconfig);
        Assert.Equal(new Uri("https://10.0.0.2:6443"), connection.Server);
        Assert.Equal("PEM", connection.CertificateAuthority);
        Assert.Equal("secret", connection.Token!());
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("a: [", "not YAML")]
    [InlineData("current-context: x", "contexts has no entry named 'x'")]
    public void WhatIsNoKubeconfigIsRefusedWithTheReason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => KubeConnection.FromKubeconfig(text)).Message, StringComparison.Ordinal);

    /// <summary>Sessions of TLS may be taken up again; who somebody is must not get lost with that.</summary>
    [Fact]
    public async Task EveryNewConnectionIsTheSameUsers()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var http = new HttpClient(cluster.Client.Connection.CreateHandler()) { BaseAddress = cluster.Client.Connection.Server };
        for (var i = 0; i < 20; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews")
            {
                Content = new StringContent("{}", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")),
            };
            request.Headers.ConnectionClose = true;
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Contains("system:masters", answer, StringComparison.Ordinal);
        }
    }
}
