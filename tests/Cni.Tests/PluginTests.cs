using System.Text;
using System.Text.Json.Nodes;

namespace Dpf.Cni.Tests;

public sealed class PluginTests
{
    private const string Config = """{"cniVersion": "1.0.0", "name": "ovn-kubernetes", "type": "ovn-k8s-cni-overlay", "deviceID": "0000:03:00.2"}""";

    [Fact]
    public async Task AnAddIsPassedOnAndTheAgentsResultPrinted()
    {
        await using var agent = new FakeAgent(200, """{"Result": {"cniVersion":"1.0.0","ips":[{"address":"10.244.0.5/24"}]}}""");
        var (code, output) = await Plugin.RunAsync(
            agent.Socket, Config, ("CNI_COMMAND", "ADD"), ("CNI_CONTAINERID", "c1"), ("CNI_NETNS", "/run/netns/x"), ("CNI_IFNAME", "eth0"),
            ("CNI_ARGS", "K8S_POD_NAMESPACE=n;K8S_POD_NAME=p"), ("UNRELATED", "secret"));
        Assert.Equal((0, """{"cniVersion":"1.0.0","ips":[{"address":"10.244.0.5/24"}]}"""), (code, output));
        Assert.Equal(Config, Encoding.UTF8.GetString(agent.Asked!.Config));
        Assert.Equal(
            ["CNI_ARGS", "CNI_COMMAND", "CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS"], agent.Asked.Environment.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("/run/netns/x", agent.Asked.Environment["CNI_NETNS"]);
    }

    [Theory]
    [InlineData("DEL")]
    [InlineData("CHECK")]
    [InlineData("STATUS")]
    public async Task WhatHasNoResultPrintsNothing(string command)
    {
        await using var agent = new FakeAgent(200, """{"Result": null}""");
        Assert.Equal((0, ""), await Plugin.RunAsync(agent.Socket, Config, ("CNI_COMMAND", command)));
        Assert.Equal(command, agent.Asked!.Environment["CNI_COMMAND"]);
    }

    [Fact]
    public async Task VersionsAreToldWithoutAnAgent()
    {
        var (code, output) = await Plugin.RunAsync(null, """{"cniVersion": "1.0.0"}""", ("CNI_COMMAND", "VERSION"));
        Assert.Equal(0, code);
        Assert.Contains("0.4.0", JsonNode.Parse(output)!["supportedVersions"]!.AsArray().Select(v => (string?)v));
    }

    [Theory]
    [InlineData(400, 100)]
    [InlineData(500, 100)]
    [InlineData(503, 50)]
    public async Task ARefusalIsAnErrorInTheRuntimesVersion(int status, int code)
    {
        await using var agent = new FakeAgent(status, "pod n/p: it is \"late\"");
        var (exit, output) = await Plugin.RunAsync(agent.Socket, Config, ("CNI_COMMAND", "ADD"));
        Assert.Equal(1, exit);
        var error = JsonNode.Parse(output)!;
        Assert.Equal(("1.0.0", code, "pod n/p: it is \"late\""), ((string?)error["cniVersion"], (int)error["code"]!, (string?)error["msg"]));
    }

    [Theory]
    [InlineData("ADD", "", 6)]
    [InlineData("ADD", "{", 6)]
    [InlineData("ADD", "[]", 6)]
    [InlineData("ADD", """{"cniVersion": 1}""", 6)]
    [InlineData("", Config, 4)]
    [InlineData("ADD", Config, 11)]
    public async Task WhatCannotBePassedOnIsAnErrorOfTheProtocol(string command, string input, int code)
    {
        var (exit, output) = await Plugin.RunAsync(null, input, ("CNI_COMMAND", command));
        Assert.Equal(1, exit);
        var error = JsonNode.Parse(output)!;
        Assert.Equal(code, (int)error["code"]!);
        Assert.NotEmpty((string)error["msg"]!);
        Assert.NotNull(error["cniVersion"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP")]
    [InlineData("\r\n\r\n")]
    public async Task AnAgentThatEndsInTheMiddleIsAFailure(string answer)
    {
        await using var agent = new FakeAgent(answer);
        var failure = Assert.Throws<AgentException>(() => AgentClient.Send(new PluginRequest { Environment = [], Config = [] }, agent.Socket));
        Assert.Equal(100, failure.Code);
    }

    [Fact]
    public async Task AnAnswerThatIsNoJsonIsAFailureOfTheAgentNotOfTheConfiguration()
    {
        await using var agent = new FakeAgent(200, "oops");
        var (exit, output) = await Plugin.RunAsync(agent.Socket, Config, ("CNI_COMMAND", "ADD"));
        Assert.Equal((1, 100), (exit, (int)JsonNode.Parse(output)!["code"]!));
        Assert.Contains("agent", (string?)JsonNode.Parse(output)!["msg"], StringComparison.Ordinal);
    }
}
