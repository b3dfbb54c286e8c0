using System.Numerics;

namespace Dpf.Ovn.Addressing;

/// <summary>A set of numbers as sorted ranges that neither overlap nor touch; a value.</summary>
/// <typeparam name="T">What is counted, e.g. addresses or ports.</typeparam>
public sealed class Intervals<T> : IEquatable<Intervals<T>>
    where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
{
    private readonly (T First, T Last)[] _ranges;

    private Intervals(IEnumerable<(T First, T Last)> sorted)
    {
        var ranges = new List<(T First, T Last)>();
        foreach (var (first, last) in sorted)
        {
            if (ranges.Count > 0 && (ranges[^1].Last == T.MaxValue || first <= ranges[^1].Last + T.One))
            {
                ranges[^1] = (ranges[^1].First, T.Max(ranges[^1].Last, last));
            }
            else
            {
                ranges.Add((first, last));
            }
        }

        _ranges = [.. ranges];
    }

    /// <summary>No number.</summary>
    public static Intervals<T> None { get; } = new([]);

    /// <summary>Every number.</summary>
    public static Intervals<T> All { get; } = new([(T.MinValue, T.MaxValue)]);

    /// <summary>The ranges, ascending.</summary>
    public IReadOnlyList<(T First, T Last)> Ranges => _ranges;

    /// <summary>Whether there is no number in it.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>Whether every number is in it.</summary>
    public bool IsAll => _ranges is [var (first, last)] && first == T.MinValue && last == T.MaxValue;

    /// <summary>The numbers of ranges in any order; a range that ends before it begins has none.</summary>
    public static Intervals<T> Of(params IEnumerable<(T First, T Last)> ranges) =>
        new(ranges.Where(r => r.First <= r.Last).OrderBy(r => r.First));

    /// <summary>Whether a number is in it.</summary>
    public bool Contains(T number)
    {
        var (low, high) = (0, _ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (number < _ranges[middle].First)
            {
                high = middle - 1;
            }
            else if (number > _ranges[middle].Last)
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What is in either.</summary>
    public Intervals<T> Union(Intervals<T> other) =>
        IsEmpty ? other : other.IsEmpty ? this : Of(_ranges.Concat(other._ranges));

    /// <summary>What is in both.</summary>
    public Intervals<T> Intersect(Intervals<T> other)
    {
        var ranges = new List<(T First, T Last)>();
        for (int i = 0, j = 0; i < _ranges.Length && j < other._ranges.Length;)
        {
            var (mine, its) = (_ranges[i], other._ranges[j]);
            if (T.Max(mine.First, its.First) is var first && T.Min(mine.Last, its.Last) is var last && first <= last)
            {
                ranges.Add((first, last));
            }

            if (mine.Last < its.Last)
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return new Intervals<T>(ranges);
    }

    /// <summary>What is in this and not in the other.</summary>
    public Intervals<T> Except(Intervals<T> other) => Intersect(other.Complement());

    /// <inheritdoc />
    public bool Equals(Intervals<T>? other) => other is not null && _ranges.AsSpan().SequenceEqual(other._ranges);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as Intervals<T>);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var range in _ranges)
        {
            hash.Add(range);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc />
    public override string ToString() => string.Join(',', _ranges.Select(r => r.First == r.Last ? $"{r.First}" : $"{r.First}-{r.Last}"));

    private Intervals<T> Complement()
    {
        var ranges = new List<(T First, T Last)>();
        var next = T.MinValue;
        foreach (var (first, last) in _ranges)
        {
            if (first > next)
            {
                ranges.Add((next, first - T.One));
            }

            if (last == T.MaxValue)
            {
                return new Intervals<T>(ranges);
            }

            next = last + T.One;
        }

        ranges.Add((next, T.MaxValue));
        return new Intervals<T>(ranges);
    }
}
