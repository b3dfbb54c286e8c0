using Dpf.ApiServer.Patching;
using FsCheck.Xunit;

namespace Dpf.ApiServer.Tests;

public sealed class FieldSetTests
{
    /// <summary>What is answered from <c>fieldsV1</c> as it stands is what the sets would answer.</summary>
    [Property]
    public bool AnOverlapIsSeenWithoutReadingTheSet(int one, int other)
    {
        var (left, right) = (Some(one), Some(other));
        return FieldSet.Overlap(left.ToJson(), right) == !FieldSet.Intersect(FieldSet.Parse(left.ToJson()), right).IsEmpty;
    }

    [Property]
    public bool SetsAreTheSameWhenNeitherHasMore(int one, int other)
    {
        var (left, right) = (Some(one), Some(other));
        var hasMore = !FieldSet.Except(left, right).IsEmpty || !FieldSet.Except(right, left).IsEmpty;
        return FieldSet.Same(left, right) == !hasMore && FieldSet.Same(left, FieldSet.Parse(left.ToJson()));
    }

    /// <summary>A small set, so that two of them have much in common; empty nodes too, which say nothing.</summary>
    private static FieldSet Some(int seed)
    {
        var random = new Random(seed);
        var set = new FieldSet();
        Grow(set, 3);
        return set;

        void Grow(FieldSet node, int depth)
        {
            for (var i = random.Next(3); i > 0 && depth > 0; i--)
            {
                var child = node.Child("f:" + (char)('a' + random.Next(3)));
                child.Owned |= random.Next(2) == 0;
                Grow(child, depth - 1);
            }
        }
    }
}
