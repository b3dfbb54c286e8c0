using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Helm's own functions: templates in templates, and the cluster.</summary>
internal static class TemplateFunctions
{
    public static FunctionList All { get; } = new()
    {
        { "include", 2, a => a.Execution.Set.Execute(a.Text(0), a[1], a.Execution.Host, a.Execution.Depth + 1) },
        { "tpl", 2, Evaluate },
        { "lookup", 4, a => a.Execution.Host.Lookup(a.Text(0), a.Text(1), a.Text(2), a.Text(3)) },
    };

    private static object? Evaluate(CallArguments a)
    {
        var text = a.Text(0);
        var set = a.Execution.Set.Clone();
        try
        {
            set.Add("gotpl", text);
        }
        catch (TemplateParseException e)
        {
            throw new FunctionException($"cannot parse template {GoText.Quote(text)}: {e.Message}");
        }

        try
        {
            return set.Execute("gotpl", a[1], a.Execution.Host, a.Execution.Depth + 1);
        }
        catch (TemplateException e) when (e is not TemplateFailedException)
        {
            throw new FunctionException($"error during tpl function execution for {GoText.Quote(text)}: {e.Message}");
        }
    }
}
