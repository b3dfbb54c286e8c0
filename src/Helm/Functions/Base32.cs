using System.Text;

namespace Dpf.Helm.Functions;

/// <summary>Base32 with padding (RFC 4648, section 6).</summary>
internal static class Base32
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>The text of bytes.</summary>
    public static string Encode(byte[] bytes)
    {
        var text = new StringBuilder();
        var (bits, count) = (0u, 0);
        foreach (var value in bytes)
        {
            (bits, count) = ((bits << 8) | value, count + 8);
            for (; count >= 5; count -= 5)
            {
                text.Append(Alphabet[(int)(bits >> (count - 5)) & 31]);
            }
        }

        if (count > 0)
        {
            text.Append(Alphabet[(int)(bits << (5 - count)) & 31]);
        }

        return text.Append('=', (8 - (text.Length % 8)) % 8).ToString();
    }

    /// <summary>The text that was encoded; for something else, what Go says about it.</summary>
    public static string Decode(string text)
    {
        var bytes = new List<byte>();
        var (bits, count) = (0u, 0);
        var letters = text.TrimEnd('=');
        for (var i = 0; i < letters.Length; i++)
        {
            var value = Alphabet.IndexOf(letters[i], StringComparison.Ordinal);
            if (value < 0)
            {
                return $"illegal base32 data at input byte {i}";
            }

            (bits, count) = ((bits << 5) | (uint)value, count + 5);
            if (count >= 8)
            {
                bytes.Add((byte)(bits >> (count - 8)));
                count -= 8;
            }
        }

        return text.Length % 8 == 0 ? Encoding.UTF8.GetString([.. bytes]) : $"illegal base32 data at input byte {text.Length}";
    }
}
