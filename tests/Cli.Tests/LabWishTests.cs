using Dpf.Cli.Daemon;

namespace Dpf.Cli.Tests;

public sealed class LabWishTests
{
    [Theory]
    [InlineData(null, null, null)]
    [InlineData(3, true, null)]
    [InlineData(2, null, "--workers 2: the lab that runs has 3; run ./dpf down first")]
    [InlineData(null, false, "--isolated: the lab that runs was brought up with it; run ./dpf down first")]
    public void What_a_running_lab_cannot_become_is_said(int? workers, bool? isolated, string? problem) =>
        Assert.Equal(problem, new LabWish(workers, isolated, null).Unmet(new LabShape(3, true, null)));

    [Fact]
    public void Who_asks_for_nothing_gets_the_usual_lab() => Assert.Equal(LabShape.Usual, new LabWish(null, null, null).Shape);
}
