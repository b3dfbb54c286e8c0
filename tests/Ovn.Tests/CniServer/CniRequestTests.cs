using System.Text;
using System.Text.Json;
using Dpf.Cni;
using Dpf.Ovn.CniServer;
using FsCheck.Xunit;

namespace Dpf.Ovn.Tests.CniServer;

public sealed class CniRequestTests
{
    private const string Config = """{"cniVersion":"0.4.0","name":"ovn-primary","deviceID":"0000:03:00.3"}""";
    private const string Arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=a;K8S_POD_UID=u;K8S_POD_INFRA_CONTAINER_ID=5a5d";

    [Fact]
    public void ARequestIsReadAsThePluginSendsIt()
    {
        var json = $$$"""
            {"env":{"CNI_COMMAND":"ADD","CNI_CONTAINERID":"5a5d","CNI_NETNS":"/run/netns/x","CNI_IFNAME":"eth0","CNI_ARGS":"{{{Arguments}}}"},
             "config":"{{{Convert.ToBase64String(Encoding.UTF8.GetBytes(Config))}}}","pci":{"pci-address":"0000:03:00.3"}}
            """;

        var request = CniRequest.Read(JsonSerializer.Deserialize(json, ProtocolJson.Default.PluginRequest)!);

        Assert.Equal(("ADD", "5a5d", "/run/netns/x", "eth0"), (request.Command, request.ContainerId, request.NetworkNamespace, request.InterfaceName));
        Assert.Equal(("default", "a", "u"), (request.Namespace, request.Pod, request.PodUid));
        Assert.Equal("0000:03:00.3", request.Config.DeviceId);
    }

    [Theory]
    [InlineData("CNI_COMMAND")]
    [InlineData("CNI_CONTAINERID")]
    [InlineData("CNI_NETNS")]
    [InlineData("CNI_IFNAME")]
    public void WhatIsMissingIsNamed(string variable)
    {
        foreach (var value in (string?[])[null, ""])
        {
            var environment = Environment("ADD");
            environment.Remove(variable);
            if (value is not null)
            {
                environment[variable] = value;
            }

            var failure = Assert.Throws<FormatException>(() => Read(environment));
            Assert.Contains(variable, failure.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("", "K8S_POD_NAMESPACE")]
    [InlineData("K8S_POD_NAMESPACE=default", "K8S_POD_NAME")]
    [InlineData("K8S_POD_NAMESPACE;K8S_POD_NAME=a", "K8S_POD_NAMESPACE")]
    [InlineData(";;=;=x;K8S_POD_NAMESPACE=default;K8S_POD_NAME=", "K8S_POD_NAME")]
    public void SoIsWhatTheArgumentsLack(string arguments, string missing)
    {
        var environment = Environment("ADD");
        environment["CNI_ARGS"] = arguments;
        Assert.Contains(missing, Assert.Throws<FormatException>(() => Read(environment)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnArgumentThatIsGivenTwiceIsTheLast()
    {
        var environment = Environment("ADD");
        environment["CNI_ARGS"] = Arguments + ";K8S_POD_NAME=b";
        Assert.Equal("b", Read(environment).Pod);
    }

    [Fact]
    public void ASandboxThatIsGoneCanBeDeleted()
    {
        var environment = Environment("DEL");
        environment.Remove("CNI_NETNS");
        Assert.Null(Read(environment).NetworkNamespace);
    }

    [Fact]
    public void TheStatusIsAskedWithoutAPod() =>
        Assert.Equal("STATUS", Read(new Dictionary<string, string> { ["CNI_COMMAND"] = "STATUS" }).Command);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"deviceID":7}""")]
    [InlineData("""{"cniVersion":null}""")]
    public void ABrokenConfigurationIsSaidToBeThat(string config) => Assert.Contains(
        "network configuration", Assert.Throws<FormatException>(() => Read(Environment("ADD"), config)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"env":null,"config":"e30="}""")]
    [InlineData("""{"env":{"CNI_COMMAND":null},"config":"e30="}""")]
    [InlineData("""{"env":{"CNI_COMMAND":"ADD"},"config":null}""")]
    public void AHollowRequestIsRefused(string json) => Assert.Throws<FormatException>(
        () => CniRequest.Read(JsonSerializer.Deserialize(json, ProtocolJson.Default.PluginRequest)!));

    [Property]
    public void WhateverTheArgumentsAreTheRequestIsReadOrRefused(FsCheck.NonNull<string> arguments, FsCheck.NonNull<string> config)
    {
        var environment = Environment("ADD");
        environment["CNI_ARGS"] = arguments.Get;
        Assert.Throws<FormatException>(() => Read(environment, config.Get));
    }

    private static CniRequest Read(Dictionary<string, string> environment, string config = Config) =>
        CniRequest.Read(new PluginRequest { Environment = environment, Config = Encoding.UTF8.GetBytes(config) });

    private static Dictionary<string, string> Environment(string command) => new(StringComparer.Ordinal)
    {
        ["CNI_COMMAND"] = command,
        ["CNI_CONTAINERID"] = "5a5d",
        ["CNI_NETNS"] = "/run/netns/x",
        ["CNI_IFNAME"] = "eth0",
        ["CNI_ARGS"] = Arguments,
    };
}
