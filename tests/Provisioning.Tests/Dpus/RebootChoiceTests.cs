using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

public sealed class RebootChoiceTests
{
    private static readonly PciAddress Pci = PciAddress.Parse("0000-4b-00")!;

    [Fact]
    public void UsuallyTheCardAndItsHostAreResetTogether() => Assert.Equal(
        ["bf-slr.sh 4b:00 reset arm", "bf-slr.sh 4b:00 reset host"], Words(Of()));

    [Theory]
    [InlineData("true", null, "ipmitool chassis power cycle")]
    [InlineData("1", "reset", "ipmitool chassis power reset")]
    public void APowerCycleIsDoneByTheBoard(string annotation, string? command, string expected) => Assert.Equal(
        [expected],
        Words(Of(dpu: ("provisioning.dpu.nvidia.com/host-power-cycle-required", annotation), host: command is null ? null : ("provisioning.dpu.nvidia.com/powercycle-command", command))));

    [Fact]
    public void AFlavorCanAskForAPowerCycle()
    {
        Assert.True(Of(flavorWantsCycle: true).IsPowerCycle);
        Assert.False(Of(flavorWantsCycle: true, dpu: ("provisioning.dpu.nvidia.com/host-power-cycle-required", "false")).IsPowerCycle);
    }

    [Fact]
    public void TheAnnotationOfTheHostSkipsIt()
    {
        var choice = Of(host: ("provisioning.dpu.nvidia.com/reboot-command", "skip"), automatic: false);
        Assert.True(choice.IsSkipped);
        Assert.False(choice.IsManual);
    }

    [Theory]
    [InlineData(null, null, false)]
    [InlineData(true, true, false)]
    [InlineData(false, null, true)]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    public void FalseInEitherPlaceLeavesItToAUser(bool? spec, bool? drain, bool isManual) =>
        Assert.Equal(isManual, Of(automatic: spec, drain: drain).IsManual);

    [Fact]
    public void AnUnknownCommandIsSaidSo() => Assert.Equal(
        "node worker1: annotation provisioning.dpu.nvidia.com/reboot-command=explode: use one of cycle, reset, skip",
        Of(host: ("provisioning.dpu.nvidia.com/reboot-command", "explode")).Invalid);

    [Fact]
    public void OneThatNeedsAPowerCycleHasTheHostsPowerCycledForAll() => Assert.Equal(
        ["ipmitool chassis power cycle"],
        Words(RebootChoice.Of([Of(), Of(dpu: ("provisioning.dpu.nvidia.com/host-power-cycle-required", "true"))])));

    [Theory]
    [InlineData(null, null, false)]
    [InlineData(null, false, true)]
    [InlineData(false, null, true)]
    public void OneThatIsLeftToAUserLeavesTheHostToAUser(bool? first, bool? second, bool isManual)
    {
        var choice = RebootChoice.Of([Of(automatic: first), Of(automatic: second, flavorWantsCycle: true)]);
        Assert.Equal((isManual, true), (choice.IsManual, choice.IsPowerCycle));
    }

    private static IEnumerable<string> Words(RebootChoice choice) => choice.Words(Pci).Select(w => string.Join(' ', w));

    private static RebootChoice Of(
        (string, string)? dpu = null, (string, string)? host = null, bool? automatic = null, bool? drain = null, bool flavorWantsCycle = false) => RebootChoice.Of(
        new Dpu
        {
            Metadata = new V1ObjectMeta { Annotations = Annotations(dpu) },
            Spec = new DpuSpec { AutomaticNodeReboot = automatic, NodeEffect = drain is null ? null : new NodeEffect { Drain = new DpuDrain { AutomaticNodeReboot = drain } } },
        },
        new V1Node { Metadata = new V1ObjectMeta { Name = "worker1", Annotations = Annotations(host) } },
        new DpuFlavorSpec { Nvconfig = [new Nvconfig { HostPowerCycleRequired = flavorWantsCycle }] });

    private static Dictionary<string, string>? Annotations((string Key, string Value)? pair) =>
        pair is { } p ? new Dictionary<string, string> { [p.Key] = p.Value } : null;
}
