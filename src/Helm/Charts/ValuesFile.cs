using System.Text.Json.Nodes;
using Dpf.Helm.Yaml;

namespace Dpf.Helm.Charts;

/// <summary>Reads what <c>helm -f</c> takes.</summary>
public static class ValuesFile
{
    /// <summary>The values of a YAML text.</summary>
    /// <exception cref="FormatException">It is no YAML mapping; says where.</exception>
    public static JsonObject Parse(string yaml, string source) => (JsonObject)JsonText.ToNode(YamlReader.ReadMap(yaml, source))!;
}
