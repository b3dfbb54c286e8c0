using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Clusters;

namespace Dpf.Provisioning.Tests.Dpus;

public sealed class JoinTokensTests
{
    [Theory]
    [InlineData("https://10.0.110.100:31000", "10.0.110.100:31000")]
    [InlineData("https://dpu.example.com", "dpu.example.com:443")]
    [InlineData("https://[fd00::1]:6443", "[fd00::1]:6443")]
    public void TheCommandPinsTheClustersAuthority(string server, string endpoint)
    {
        using var authority = new TestAuthority();
        using var certificate = X509Certificate2.CreateFromPem(authority.Pem);
        var hash = Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
        Assert.Equal(
            $"kubeadm join {endpoint} --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:{hash} --v=5",
            JoinTokens.Command(new KubeConnection { Server = new Uri(server), CertificateAuthority = authority.Pem }, "abcdef.0123456789abcdef"));
    }

    [Fact]
    public void WithoutAnAuthorityThereIsNoCommand() => Assert.Throws<DpuClusterException>(
        () => JoinTokens.Command(new KubeConnection { Server = new Uri("https://10.0.0.1:6443") }, "abcdef.0123456789abcdef"));
}
