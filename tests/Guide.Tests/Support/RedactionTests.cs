using System.Text.Json.Nodes;
using Dpf.Guide.Support;

namespace Dpf.Guide.Tests.Support;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("password: hunter22", "hunter22")]
    [InlineData("\"token\":\"abcdef\"", "abcdef")]
    [InlineData("NGC_API_KEY=nvapi-12345", "nvapi-12345")]
    [InlineData("{\\\"password\\\":\\\"hunter22\\\"}", "hunter22")]
    [InlineData("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678")]
    [InlineData("join with abcdef.0123456789abcdef now", "0123456789abcdef")]
    [InlineData("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl is it", "c2lnbmF0dXJl")]
    [InlineData("https://user:hunter22@host/path", "hunter22")]
    [InlineData("client-key-data: LS0tLS1CRUdJTg==", "LS0tLS1CRUdJTg")]
    [InlineData("a\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\nb", "MHcCAQEE")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMHcCAQEE cut off", "MHcCAQEE")]
    public void ASecretIsTakenOut(string text, string secret)
    {
        Assert.DoesNotContain(secret, Redaction.Clean(text), StringComparison.Ordinal);
        Assert.Contains("[redacted]", Redaction.Clean(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("secretName: dpf-pull-secret")]
    [InlineData("kubectl -n ns get secret/dpu-admin")]
    [InlineData("10.0.110.200:6443 refused")]
    [InlineData("https://charts.jetstack.io:443/x@sha256:0123")]
    public void WhatIsNoSecretStays(string text) => Assert.Equal(text, Redaction.Clean(text));

    [Fact]
    public void OfASecretOnlyTheNamesOfItsKeysRemain()
    {
        var text = Redaction.Clean(JsonNode.Parse(
            """{"kind":"Secret","metadata":{"name":"s","managedFields":[{}],"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{data}"}},"data":{"admin.conf":"aHVudGVyMjI="}}""")!.AsObject());
        Assert.Contains("admin.conf", text, StringComparison.Ordinal);
        Assert.All(["aHVudGVyMjI", "managedFields", "last-applied"], word => Assert.DoesNotContain(word, text, StringComparison.Ordinal));
    }

    [Fact]
    public void VariablesWithASecretsNameLoseTheirValue()
    {
        var text = Redaction.Clean(JsonNode.Parse("""{"kind":"Pod","spec":{"containers":[{"env":[{"name":"BMC_PASSWORD","value":"x1"},{"name":"MODE","value":"dpu"}]}]}}""")!.AsObject());
        Assert.DoesNotContain("x1", text, StringComparison.Ordinal);
        Assert.Contains("dpu", text, StringComparison.Ordinal);
    }
}
