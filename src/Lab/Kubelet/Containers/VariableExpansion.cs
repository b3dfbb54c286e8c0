using System.Text;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary><c>$(NAME)</c> in commands, arguments and variables.</summary>
internal static class VariableExpansion
{
    /// <summary>Replaces every <c>$(NAME)</c> that is known; <c>$$</c> is a dollar sign, and what is unknown stays.</summary>
    public static string Expand(string text, IReadOnlyDictionary<string, string> variables)
    {
        if (!text.Contains('$', StringComparison.Ordinal))
        {
            return text;
        }

        var expanded = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                expanded.Append(text[i]);
            }
            else if (text[i + 1] == '$')
            {
                expanded.Append('$');
                i++;
            }
            else if (text[i + 1] == '(' && text.IndexOf(')', i + 2) is var end and > 0)
            {
                expanded.Append(variables.TryGetValue(text[(i + 2)..end], out var value) ? value : text[i..(end + 1)]);
                i = end;
            }
            else
            {
                expanded.Append('$');
            }
        }

        return expanded.ToString();
    }
}
