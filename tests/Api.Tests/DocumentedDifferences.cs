using System.Text.RegularExpressions;
using Dpf.Testing;

namespace Dpf.Api.Tests;

/// <summary>A deliberate difference from the original, as docs/compatibility.md gives it.</summary>
/// <param name="Kind">The kind's plural.</param>
/// <param name="Difference">What differs.</param>
/// <param name="Why">The reason.</param>
internal sealed partial record DocumentedDifferences(string Kind, DefinitionDifference Difference, string Why)
{
    private const string Heading = "## Custom resource definitions";

    /// <summary>The rows of the section's table: kind, path and what are code, why is prose.</summary>
    public static IReadOnlyList<DocumentedDifferences> Read() =>
        Parse(File.ReadAllLines(Path.Combine(TestFolder.Repository, "docs/compatibility.md")));

    /// <summary>The rows in the lines of the document.</summary>
    public static IReadOnlyList<DocumentedDifferences> Parse(IEnumerable<string> lines) =>
    [
        .. from line in lines.SkipWhile(l => l != Heading).Skip(1).TakeWhile(l => !l.StartsWith("## ", StringComparison.Ordinal))
           where line.StartsWith("| `", StringComparison.Ordinal)
           select Row(line),
    ];

    private static DocumentedDifferences Row(string line)
    {
        var cells = Bar().Split(line).Select(c => c.Trim().Replace("\\|", "|", StringComparison.Ordinal)).ToList();
        return cells is ["", var kind, var path, var what, var why, ""]
            ? new(kind.Trim('`'), new(path.Trim('`'), what.Trim('`')), why)
            : throw new FormatException($"docs/compatibility.md: a row has four cells (kind, path, what, why): {line}");
    }

    // Of a table, \| is a bar within a cell.
    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex Bar();
}
