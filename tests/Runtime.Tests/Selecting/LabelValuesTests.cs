using Dpf.Runtime.Selecting;
using FsCheck.Xunit;

namespace Dpf.Runtime.Tests.Selecting;

public sealed class LabelValuesTests
{
    [Property]
    public void EveryTextBecomesALegalLabel(FsCheck.NonNull<string> text) =>
        Assert.Matches(@"^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$", LabelValues.Of(text.Get));

    [Fact]
    public void WhatFitsStaysAndWhatIsCutIsToldApartByADigest()
    {
        Assert.Equal(new string('a', 63), LabelValues.Of(new string('a', 63)));
        var (one, other) = (LabelValues.Of(new string('a', 70) + "-node1"), LabelValues.Of(new string('a', 70) + "-node2"));
        Assert.Equal((63, 63), (one.Length, other.Length));
        Assert.NotEqual(one, other);
        Assert.Equal(one, LabelValues.Of(new string('a', 70) + "-node1"));
    }
}
