using Dpf.Provisioning.Tests.World;

namespace Dpf.Provisioning.Tests;

public sealed class ProvisioningOptionsTests
{
    [Theory]
    [InlineData(null, 90, false)]
    [InlineData("", 90, false)]
    [InlineData("0", 0, false)]
    [InlineData("300", 300, false)]
    [InlineData("soon", 90, true)]
    [InlineData("-1", 90, true)]
    public void TheFirstBootIsLeftAloneForNinetySecondsUnlessANumberIsSaid(string? text, int seconds, bool warns)
    {
        var log = new LogLines();
        var variables = new Dictionary<string, string>();
        if (text is not null)
        {
            variables["CLOUD_INIT_TIMEOUT"] = text;
        }

        var context = TestContexts.Here("provisioning-controller", null, "--bfb-pvc=a", "--dms-image=b", "--hostnetwork-image=c") with
        {
            Environment = variables,
            Loggers = log,
        };
        Assert.Equal(TimeSpan.FromSeconds(seconds), ProvisioningOptions.Of(context).CloudInitTimeout);
        Assert.Equal(warns, log.Lines.Any(l => l.Contains($"CLOUD_INIT_TIMEOUT={text} is no number of seconds", StringComparison.Ordinal)));
    }
}
