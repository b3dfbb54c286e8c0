using Dpf.Runtime.Selecting;
using k8s.Models;

namespace Dpf.Runtime.Tests.Selecting;

public sealed class LabelSelectionTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web", ["rack"] = "7" };

    [Theory]
    [InlineData("In", "web,db", true, false)]
    [InlineData("In", "db", false, false)]
    [InlineData("In", "", false, false)]
    [InlineData("NotIn", "web", false, true)]
    [InlineData("NotIn", "db", true, true)]
    [InlineData("Exists", "", true, false)]
    [InlineData("DoesNotExist", "", false, true)]
    [InlineData("in", "web", false, false)]
    public void Expressions_follow_their_operators(string name, string values, bool with, bool without)
    {
        var selector = Expression(name, values);
        Assert.Equal(with, selector.Selects(Labels));
        Assert.Equal(without, selector.Selects(new Dictionary<string, string>()));
        Assert.Equal(without, selector.Selects(null));
    }

    [Fact]
    public void All_of_a_selector_must_hold_and_none_selects_everything()
    {
        Assert.True(default(V1LabelSelector).Selects(null));
        Assert.True(new V1LabelSelector().Selects(Labels));
        var both = Expression("In", "web");
        both.MatchLabels = new Dictionary<string, string> { ["rack"] = "7" };
        Assert.True(both.Selects(Labels));
        both.MatchLabels["rack"] = "8";
        Assert.False(both.Selects(Labels));
    }

    [Fact]
    public void What_is_wrong_with_a_selector_is_said()
    {
        Assert.Null(LabelSelection.Problem(default(V1LabelSelector)));
        Assert.Null(LabelSelection.Problem(Expression("In", "web")));
        Assert.Equal("'in' is no operator; use In, NotIn, Exists or DoesNotExist", LabelSelection.Problem(Expression("in", "web")));
        Assert.Equal("NotIn needs values", LabelSelection.Problem(Expression("NotIn", "")));
    }

    [Theory]
    [InlineData("Gt", "6", true)]
    [InlineData("Gt", "7", false)]
    [InlineData("Lt", "8", true)]
    [InlineData("Lt", "x", false)]
    [InlineData("In", "7", true)]
    public void A_term_of_a_node_selector_looks_at_labels(string name, string value, bool expected)
    {
        var term = new V1NodeSelectorTerm { MatchExpressions = [new V1NodeSelectorRequirement { Key = "rack", OperatorProperty = name, Values = [value] }] };
        Assert.Equal(expected, new V1NodeSelector { NodeSelectorTerms = [term] }.Selects(Node()));
    }

    [Fact]
    public void A_node_selector_means_what_one_of_its_terms_means()
    {
        var named = new V1NodeSelectorTerm { MatchFields = [new V1NodeSelectorRequirement { Key = "metadata.name", OperatorProperty = "In", Values = ["worker1"] }] };
        Assert.True(new V1NodeSelector { NodeSelectorTerms = [new V1NodeSelectorTerm(), named] }.Selects(Node()));
        Assert.False(new V1NodeSelector { NodeSelectorTerms = [new V1NodeSelectorTerm()] }.Selects(Node()));
        Assert.False(new V1NodeSelector().Selects(Node()));
        Assert.True(default(V1NodeSelector).Selects(Node()));
    }

    private static V1Node Node() => new() { Metadata = new V1ObjectMeta { Name = "worker1", Labels = Labels } };

    private static V1LabelSelector Expression(string name, string values) => new()
    {
        MatchExpressions =
        [
            new V1LabelSelectorRequirement { Key = "app", OperatorProperty = name, Values = values.Split(',', StringSplitOptions.RemoveEmptyEntries) },
        ],
    };
}
