using Dpf.Api.Operator;
using k8s.Models;

namespace Dpf.Api.Tests;

public sealed class DpfOperatorConfigsTests
{
    private static readonly DpfOperatorConfig Usual = Config("dpf-operator-system", "dpfoperatorconfig");

    [Fact]
    public void AFurtherOneDoesNotCount()
    {
        Assert.Same(Usual, DpfOperatorConfigs.Singleton([Config("another", "dpfoperatorconfig"), Usual, Config("dpf-operator-system", "test")]));
        Assert.Same(Usual, DpfOperatorConfigs.Singleton([Usual]));
    }

    [Fact]
    public void OneOfAnotherNameCountsWhereItIsAlone()
    {
        var other = Config("system", "config");
        Assert.Same(other, DpfOperatorConfigs.Singleton([other]));
        Assert.Null(DpfOperatorConfigs.Singleton([other, Config("system", "test")]));
        Assert.Null(DpfOperatorConfigs.Singleton([]));
    }

    private static DpfOperatorConfig Config(string ns, string name) => new() { Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns } };
}
