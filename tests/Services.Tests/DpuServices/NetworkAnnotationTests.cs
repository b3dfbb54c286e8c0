using Dpf.Api.Services;
using Dpf.Services.DpuServices;

namespace Dpf.Services.Tests.DpuServices;

public sealed class NetworkAnnotationTests
{
    [Theory]
    [InlineData("no annotation", null, """[{"name":"net","namespace":"ns","interface":"eth1","cni-args":null}]""")]
    [InlineData("another interface is kept", """[{"name":"a","interface":"eth2"}]""",
        """[{"name":"a","interface":"eth2","cni-args":null},{"name":"net","namespace":"ns","interface":"eth1","cni-args":null}]""")]
    [InlineData("the same interface wins", """[{"name":"own","interface":"eth1","mac":"02:00:00:00:00:01"}]""",
        """[{"name":"own","namespace":"ns","interface":"eth1","mac":"02:00:00:00:00:01","cni-args":null}]""")]
    [InlineData("empty fields do not win", """[{"name":"","interface":"eth1"}]""",
        """[{"name":"net","namespace":"ns","interface":"eth1","cni-args":null}]""")]
    [InlineData("empty arguments do", """[{"name":"net","interface":"eth1","cni-args":{}}]""",
        """[{"name":"net","namespace":"ns","interface":"eth1","cni-args":{}}]""")]
    [InlineData("no interface is nobody's", """[{"name":"x"}]""",
        """[{"name":"net","namespace":"ns","interface":"eth1","cni-args":null},{"name":"x","cni-args":null}]""")]
    [InlineData("the short form is understood", "b, other/a@eth5",
        """[{"name":"a","namespace":"other","interface":"eth5","cni-args":null},{"name":"b","cni-args":null},{"name":"net","namespace":"ns","interface":"eth1","cni-args":null}]""")]
    public void What_is_there_is_merged(string why, string? existing, string expected)
    {
        var element = NetworkAnnotation.Element(new ServiceInterfaceService { Network = "ns/net", InterfaceName = "eth1" });
        var merged = NetworkAnnotation.Merge(existing, [element]);
        Assert.True(expected == merged, $"{why}: {merged}");
        Assert.Equal(expected, NetworkAnnotation.Merge(merged, [element]));
    }

    [Fact]
    public void What_cannot_be_read_is_an_error_that_says_so() =>
        Assert.Contains("neither a JSON list", Assert.Throws<FormatException>(() => NetworkAnnotation.Merge("[{", [])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a/b/c")]
    [InlineData("/b")]
    [InlineData("")]
    public void A_network_has_a_name_and_at_most_a_namespace(string network) => Assert.Throws<FormatException>(
        () => NetworkAnnotation.Element(new ServiceInterfaceService { Network = network, InterfaceName = "e" }));
}
