using Dpf.Chaining.DevicePlugin;
using Dpf.Chaining.OvsCni;

namespace Dpf.Chaining.Tests.DevicePlugin;

/// <summary>A DPU's scalable functions, in a <c>/sys</c> like that of a card with two ports.</summary>
public sealed class ScalableFunctionTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dpf-sf-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_resource_has_the_functions_of_its_port_and_numbers_only()
    {
        var machine = Card();

        Assert.Equal(["mlx5_core.sf.2", "mlx5_core.sf.3"], Found("p0#1-100"));
        Assert.Equal(["mlx5_core.sf.4"], Found("p1#1-100"));
        Assert.Equal(["mlx5_core.sf.3", "mlx5_core.sf.5"], Found("p0#0,11-20", "p0#200"));
        Assert.Equal(["mlx5_core.sf.2", "mlx5_core.sf.3", "mlx5_core.sf.5"], Found("p0"));
        Assert.Equal(["mlx5_core.sf.2", "mlx5_core.sf.3", "mlx5_core.sf.4", "mlx5_core.sf.5"], Found());
        Assert.Empty(Found("p2#1-100"));

        IReadOnlyList<string> Found(params string[] names) => Assert.Single(DeviceSelection.Parse(Config(names))).Find(machine);
    }

    [Theory]
    [InlineData("p0#1-x")]
    [InlineData("p0#")]
    [InlineData("p0#9-1")]
    [InlineData("p0#1-2-3")]
    [InlineData("#1")]
    [InlineData("")]
    [InlineData("p0#99999999999")]
    public void What_is_no_range_is_refused_with_its_text(string name) => Assert.Equal(
        $"config.json: pfNames: '{name}' is no port with function numbers; it should read like p0#1-100, p0#0,4-7 or p0",
        Assert.Throws<FormatException>(() => DeviceSelection.Parse(Config(name))).Message);

    [Fact]
    public void The_representor_is_that_of_the_functions_own_port()
    {
        var machine = Card();

        Assert.Equal("en3f0pf0sf11", DeviceNames.Representor(machine, "mlx5_core.sf.3"));
        Assert.Equal("en3f1pf1sf1", DeviceNames.Representor(machine, "mlx5_core.sf.4"));
        Assert.Equal("en3f0pf0sf1", DeviceNames.Representor(machine, "mlx5_core.sf.2"));
    }

    private static string Config(params string[] names) =>
        $$"""
        {"resourceList": [{"resourceName": "bf_sf", "resourcePrefix": "nvidia.com", "deviceType": "auxNetDevice",
          "selectors": [{"vendors": ["15b3"], "pfNames": [{{string.Join(", ", names.Select(n => $"\"{n}\""))}}], "auxTypes": ["sf"]}]}]}
        """;

    private FakeMachine Card()
    {
        foreach (var (device, port, number) in new[] { (2, 0, 1), (3, 0, 11), (4, 1, 1), (5, 0, 200) })
        {
            var pci = $"devices/pci0000:00/0000:03:00.{port}";
            var folder = Path.Combine(_root, "sys", pci, $"mlx5_core.sf.{device}");
            Directory.CreateDirectory(folder);
            Directory.CreateDirectory(Path.Combine(_root, "sys", pci, "net", $"p{port}"));
            File.WriteAllText(Path.Combine(folder, "sfnum"), $"{number}\n");
            Link($"sys/bus/auxiliary/devices/mlx5_core.sf.{device}", $"../../../{pci}/mlx5_core.sf.{device}");
            Link($"sys/bus/pci/devices/0000:03:00.{port}", $"../../../{pci}");
            var representor = Path.Combine(_root, $"sys/class/net/en3f{port}pf{port}sf{number}");
            Directory.CreateDirectory(representor);
            File.WriteAllText(Path.Combine(representor, "phys_port_name"), $"pf{port}sf{number}\n");
        }

        return new FakeMachine(_root);
    }

    private void Link(string path, string target)
    {
        var link = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        if (!Path.Exists(link))
        {
            File.CreateSymbolicLink(link, target);
        }
    }
}
