using System.Text;
using Dpf.Helm.Templates;
using Dpf.Helm.Yaml;
using Dpf.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.Helm.Tests;

/// <summary>
/// Every line of <c>cases/functions/*.txt</c> is a template and what it gives. In a template ⏎ is a newline; in a result
/// <c>\n</c>, <c>\t</c> and <c>\\</c> are escapes.
/// </summary>
public sealed class FunctionTests
{
    private const string Values = """
        text: words
        zero: 0
        million: 1000000
        hundred: 100000
        small: 0.00001
        precise: 1234567.5
        map: {b: 2, a: 1}
        list: [1, two, true]
        template: "{{ .Values.text }} and {{ .Values.map.a }}"
        """;

    public static TheoryData<string, string> Lines(string file)
    {
        var lines = new TheoryData<string, string>();
        foreach (var line in File.ReadLines(TestFolder.Beside($"cases/functions/{file}.txt")).Where(l => l.Length > 0 && l[0] != '#'))
        {
            var at = line.LastIndexOf(" => ", StringComparison.Ordinal);
            lines.Add(line[..at].Replace('⏎', '\n'), Unescaped(line[(at + 4)..]));
        }

        return lines;
    }

    [Theory]
    [MemberData(nameof(Lines), "language")]
    [MemberData(nameof(Lines), "text")]
    [MemberData(nameof(Lines), "values")]
    [MemberData(nameof(Lines), "encoding")]
    public void ATemplateGivesWhatHelmGives(string template, string expected) => Assert.Equal(expected, Execute(template));

    [Theory]
    [MemberData(nameof(Lines), "errors")]
    public void AFailureSaysWhere(string template, string expected) =>
        Assert.Equal(expected, Assert.ThrowsAny<TemplateException>(() => Execute(template)).Message);

    private static string Execute(string template)
    {
        var set = new TemplateSet();
        set.Add("t", template);
        var time = new FakeTimeProvider(new DateTimeOffset(2025, 3, 4, 5, 6, 7, TimeSpan.Zero));
        var data = new Dictionary<string, object?>(StringComparer.Ordinal) { ["Values"] = YamlReader.ReadMap(Values, "values") };
        return set.Execute("t", data, new TemplateHost((_, _, _, _) => new Dictionary<string, object?>(), time));
    }

    private static string Unescaped(string text)
    {
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            result.Append(text[i] != '\\' ? text[i] : text[++i] switch { 'n' => '\n', 't' => '\t', var other => other });
        }

        return result.ToString();
    }
}
