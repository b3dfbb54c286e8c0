using System.Text;
using Dpf.Guide.Variables;

namespace Dpf.Guide.Steps;

/// <summary>The guide as a shell reads it: variables, commands and checks, step by step.</summary>
public static class GuideText
{
    // Its value is nobody's to read on a screen.
    private const string Secret = "NGC_API_KEY";

    /// <summary>Writes steps down.</summary>
    /// <param name="steps">The steps.</param>
    /// <param name="environment">A variable's value where the reader has set it already, or null.</param>
    public static string Of(IEnumerable<GuideStep> steps, Func<string, string?> environment)
    {
        var text = new StringBuilder("# Step 0: variables\n");
        foreach (var variable in GuideVariables.Definitions)
        {
            var value = environment(variable.Name) is { Length: > 0 } set
                ? variable.Name == Secret ? $"\"${Secret}\"" : Quoted(set)
                : Quoted(variable.Default ?? "");
            text.Append($"export {variable.Name}={value}  # {variable.Meaning}\n");
        }

        foreach (var step in steps)
        {
            text.Append($"\n# Step {step.Number}: {step.Title}\n");
            foreach (var command in step.Commands)
            {
                text.Append(command).Append('\n');
            }

            if (step.Verification.Count > 0)
            {
                text.Append("# It is done when these succeed:\n").AppendJoin('\n', step.Verification).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Quoted(string value) => value.All(c => char.IsAsciiLetterOrDigit(c) || "._:/,-".Contains(c, StringComparison.Ordinal))
        ? value
        : "'" + value.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
