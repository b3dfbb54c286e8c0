using System.Text;

namespace Dpf.Guide.Commands;

/// <summary>One command of a pipeline.</summary>
/// <param name="Words">Program and arguments, expanded.</param>
/// <param name="InputFile">The file after <c>&lt;</c>, or null.</param>
public sealed record ShellCommand(IReadOnlyList<string> Words, string? InputFile);

/// <summary>
/// Reads a command line the way a shell does, as far as the guide needs it: words, quotes, <c>$NAME</c> and <c>${NAME}</c>,
/// <c>|</c> and <c>&lt;</c>.
/// </summary>
public static class ShellLine
{
    /// <summary>The commands of a pipeline.</summary>
    /// <exception cref="FormatException">A quote is not closed, or a variable is not set.</exception>
    public static IReadOnlyList<ShellCommand> Parse(string line, IReadOnlyDictionary<string, string> variables)
    {
        var commands = new List<ShellCommand>();
        var words = new List<string>();
        string? input = null;
        var redirect = false;
        foreach (var (text, isOperator) in Words(line, variables))
        {
            if (isOperator && text == "|")
            {
                commands.Add(new ShellCommand([.. words], input));
                words.Clear();
                input = null;
            }
            else if (isOperator)
            {
                redirect = true;
            }
            else if (redirect)
            {
                input = text;
                redirect = false;
            }
            else
            {
                words.Add(text);
            }
        }

        commands.Add(new ShellCommand(words, input));
        return commands;
    }

    /// <summary>What <c>envsubst</c> does: replaces <c>$NAME</c> and <c>${NAME}</c>, unset ones by nothing.</summary>
    public static string Substitute(string text, IReadOnlyDictionary<string, string> variables)
    {
        var result = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            if (text[i] == '$' && Name(text, i + 1) is var (name, end))
            {
                result.Append(variables.GetValueOrDefault(name));
                i = end;
            }
            else
            {
                result.Append(text[i++]);
            }
        }

        return result.ToString();
    }

    private static (string Name, int End)? Name(string text, int start)
    {
        var braced = start < text.Length && text[start] == '{';
        var from = braced ? start + 1 : start;
        var to = from;
        while (to < text.Length && (text[to] == '_' || char.IsAsciiLetter(text[to]) || (to > from && char.IsAsciiDigit(text[to]))))
        {
            to++;
        }

        if (to == from || (braced && (to >= text.Length || text[to] != '}')))
        {
            return null;
        }

        return (text[from..to], braced ? to + 1 : to);
    }

    private static IEnumerable<(string Text, bool IsOperator)> Words(string line, IReadOnlyDictionary<string, string> variables)
    {
        var word = new StringBuilder();
        var inWord = false;
        var quote = '\0';
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (quote == '\'' ? c != '\'' : c == '\\' && i + 1 < line.Length)
            {
                word.Append(quote == '\'' ? c : line[++i]);
                inWord = true;
            }
            else if (c is '\'' or '"' && (quote == '\0' || quote == c))
            {
                quote = quote == c ? '\0' : c;
                inWord = true;
            }
            else if (c == '$' && Name(line, i + 1) is var (name, end))
            {
                word.Append(variables.TryGetValue(name, out var value) ? value : throw new FormatException($"{line}: ${name} is not set"));
                inWord = true;
                i = end - 1;
            }
            else if (quote == '\0' && (c is '|' or '<' || char.IsWhiteSpace(c)))
            {
                if (inWord)
                {
                    yield return (word.ToString(), false);
                    word.Clear();
                    inWord = false;
                }

                if (!char.IsWhiteSpace(c))
                {
                    yield return (c.ToString(), true);
                }
            }
            else
            {
                word.Append(c);
                inWord = true;
            }
        }

        if (quote != '\0')
        {
            throw new FormatException($"{line}: the quote {quote} is not closed");
        }

        if (inWord)
        {
            yield return (word.ToString(), false);
        }
    }
}
