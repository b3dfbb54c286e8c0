using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using k8s.Models;

namespace Dpf.Runtime.Tests.Informers;

public sealed class InformerIndexTests
{
    private readonly InformerIndex<V1Pod> _index = new(
        p => p.Spec.NodeName is { } node ? [node, "any"] : [], [KeyValuePair.Create(new NamespacedName("ns", "first"), Pod("one"))]);

    [Fact]
    public void WhatWasThereBeforeIsFound() => Assert.Equal(["one"], Nodes("one"));

    [Fact]
    public void AnObjectThatMovesIsFoundWhereItIs()
    {
        var (name, before, after) = (new NamespacedName("ns", "second"), Pod("one"), Pod("two"));
        _index.Change(name, null, before);
        Assert.Equal(2, _index.Get("one").Count);
        _index.Change(name, before, after);
        Assert.Equal(["one"], Nodes("one"));
        Assert.Same(after, Assert.Single(_index.Get("two")).Value);
        Assert.Equal(2, _index.Get("any").Count);
    }

    [Fact]
    public void AnObjectThatIsGoneOrHasNoKeyIsFoundNowhere()
    {
        var (name, before) = (new NamespacedName("ns", "second"), Pod("two"));
        _index.Change(name, null, before);
        _index.Change(name, before, Pod(null));
        Assert.Empty(_index.Get("two"));
        _index.Change(new NamespacedName("ns", "first"), Pod("one"), null);
        Assert.Empty(_index.Get("any"));
    }

    private static V1Pod Pod(string? node) => new() { Spec = new V1PodSpec { NodeName = node } };

    private IEnumerable<string> Nodes(string key) => _index.Get(key).Values.Select(p => p.Spec.NodeName);
}
