namespace Dpf.Helm.Yaml;

/// <summary>The order of keys in what Helm writes: digits as numbers, other signs before letters.</summary>
internal sealed class KeyOrder : IComparer<string>
{
    public static KeyOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (a, b) = (x ?? "", y ?? "");
        for (int i = 0, j = 0; i < a.Length && j < b.Length; i++, j++)
        {
            if (char.IsAsciiDigit(a[i]) && char.IsAsciiDigit(b[j]))
            {
                var (left, right) = (Digits(a, i), Digits(b, j));
                var (leftValue, rightValue) = (left.TrimStart('0'), right.TrimStart('0'));
                var order = leftValue.Length != rightValue.Length
                    ? leftValue.Length.CompareTo(rightValue.Length)
                    : string.CompareOrdinal(leftValue, rightValue);
                order = order != 0 ? order : left.Length.CompareTo(right.Length);
                if (order != 0)
                {
                    return order;
                }

                i += left.Length - 1;
                j += right.Length - 1;
            }
            else if (a[i] != b[j])
            {
                return char.IsLetter(a[i]) != char.IsLetter(b[j]) ? (char.IsLetter(a[i]) ? 1 : -1) : a[i].CompareTo(b[j]);
            }
        }

        return a.Length.CompareTo(b.Length);
    }

    private static string Digits(string text, int start)
    {
        var end = start;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return text[start..end];
    }
}
