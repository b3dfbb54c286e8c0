using Dpf.Runtime.Vitals;

namespace Dpf.Runtime.Tests.Vitals;

public sealed class HealthChecksTests
{
    private readonly HealthChecks _checks = new();

    [Fact]
    public void WithoutChecksAComponentIsReadyBecauseItAnswers()
    {
        Assert.Equal(new HealthAnswer(true, "ok"), _checks.Readiness(verbose: false, []));
        Assert.Equal("[+]ping ok\nhealthz check passed\n", _checks.Liveness(verbose: true).Text);
    }

    [Fact]
    public void OneFailureFailsAllAndNamesTheChecksUnasked()
    {
        _checks.AddReadiness("a", () => null);
        _checks.AddReadiness("z", () => "no lease");
        Assert.Equal(
            new HealthAnswer(false, "[+]a ok\n[+]ping ok\n[-]z failed: no lease\nreadyz check failed\n"), _checks.Readiness(verbose: false, []));
        Assert.True(_checks.Readiness(verbose: false, ["z"]).Passed);
        Assert.True(_checks.Liveness(verbose: false).Passed);
    }

    [Fact]
    public void OneCheckCanBeAskedAlone()
    {
        var problem = "not yet";
        _checks.AddReadiness("a", () => problem);
        Assert.Equal(new HealthAnswer(false, "internal server error: not yet"), _checks.Readiness("a"));
        problem = null;
        Assert.Equal(new HealthAnswer(true, "ok"), _checks.Readiness("a"));
        Assert.Equal(new HealthAnswer(true, "ok"), _checks.Readiness("ping"));
        _checks.RemoveReadiness("a");
        Assert.Null(_checks.Readiness("a"));
    }
}
