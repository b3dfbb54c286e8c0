using System.Text;
using Dpf.Helm.Functions;

namespace Dpf.Helm.Templates;

/// <summary>Templates that can include one another.</summary>
internal sealed class TemplateSet
{
    private readonly Dictionary<string, ParsedTemplate> _templates;

    public TemplateSet()
        : this(new Dictionary<string, ParsedTemplate>(StringComparer.Ordinal))
    {
    }

    private TemplateSet(Dictionary<string, ParsedTemplate> templates) => _templates = templates;

    /// <summary>Adds a file: of two templates of one name the later wins, unless it is blank.</summary>
    /// <exception cref="TemplateParseException">It does not parse.</exception>
    public void Add(string name, string text)
    {
        foreach (var template in Parser.Parse(name, text, FunctionTable.Contains))
        {
            if (!template.IsBlank || !_templates.ContainsKey(template.Name))
            {
                _templates[template.Name] = template;
            }
        }
    }

    /// <summary>A set that begins with these templates and changes nothing here.</summary>
    public TemplateSet Clone() => new(new Dictionary<string, ParsedTemplate>(_templates, StringComparer.Ordinal));

    /// <summary>A template; null when there is none.</summary>
    public ParsedTemplate? Find(string name) => _templates.GetValueOrDefault(name);

    /// <summary>Executes a template.</summary>
    /// <exception cref="TemplateException">It failed; says where.</exception>
    public string Execute(string name, object? data, TemplateHost host, int depth = 0)
    {
        var template = Find(name) ?? throw new FunctionException($"template: no template {GoText.Quote(name)} associated with template \"gotpl\"");
        var output = new StringBuilder();
        new Execution(this, template, output, host, depth).Run(data);
        return output.ToString();
    }
}

/// <summary>What templates may ask of the outside.</summary>
/// <param name="Lookup">Finds objects in the cluster: API version, kind, namespace, name.</param>
/// <param name="Time">The clock.</param>
internal sealed record TemplateHost(Func<string, string, string, string, object?> Lookup, TimeProvider Time);
