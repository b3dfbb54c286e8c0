using Dpf.Api.Services;
using Dpf.Chaining.Sets;
using k8s.Models;

namespace Dpf.Chaining.Tests;

public sealed class ChildPlanTests
{
    [Fact]
    public void AChildCarriesItsSetNodeAndTemplate()
    {
        var set = new ServiceInterfaceSet
        {
            Kind = "ServiceInterfaceSet",
            Metadata = new V1ObjectMeta { Name = "vf", NamespaceProperty = "ns", Uid = "u", Annotations = new Dictionary<string, string> { ["a"] = "b" } },
            Spec = new()
            {
                Template = new()
                {
                    Metadata = new() { Labels = new() { ["port"] = "vf" } },
                    Spec = new() { InterfaceType = "vf", Vf = new() { PfId = 0, VfId = 3, ParentInterfaceRef = "p0" } },
                },
            },
        };
        var child = ChildPlan.Interface(set, "dpu1");
        Assert.Equal(("vf-dpu1", "ns", "dpu1"), (child.Metadata.Name, child.Metadata.NamespaceProperty, child.Spec.Node));
        Assert.Equal("p0-dpu1", child.Spec.Vf!.ParentInterfaceRef);
        Assert.Equal("p0", set.Spec.Template.Spec.Vf!.ParentInterfaceRef);
        Assert.Equal("vf", child.Metadata.Labels["port"]);
        Assert.Equal("dpu1", child.Metadata.Labels["svc.dpu.nvidia.com/nodeName"]);
        Assert.True(ChildPlan.IsChild(child, "serviceinterfaceset", "ns", "vf"));
        Assert.Equal(("ServiceInterfaceSet", "u"), (child.Metadata.OwnerReferences[0].Kind, child.Metadata.OwnerReferences[0].Uid));
    }
}
