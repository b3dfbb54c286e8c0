using System.Text;
using System.Text.Json;
using Dpf.Cni;

// The CNI plugin: hands what the runtime said to the node agent and prints its answer.
const string Versions = """{"cniVersion":"1.1.0","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}""";

var environment = new Dictionary<string, string>(StringComparer.Ordinal);
foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
{
    if (variable.Key is string key && key.StartsWith("CNI_", StringComparison.Ordinal))
    {
        environment[key] = variable.Value as string ?? "";
    }
}

var command = environment.GetValueOrDefault("CNI_COMMAND", "");
if (command == "VERSION")
{
    Console.Out.Write(Versions);
    return 0;
}

using var input = new MemoryStream();
using (var standardInput = Console.OpenStandardInput())
{
    standardInput.CopyTo(input);
}

var version = "0.4.0";
try
{
    if (command.Length == 0)
    {
        throw new AgentException(4, "CNI_COMMAND is not set: this program is started by a container runtime, not by hand");
    }

    version = JsonSerializer.Deserialize(input.ToArray(), ProtocolJson.Default.PluginConfig)?.CniVersion ?? version;
    var response = AgentClient.Send(new PluginRequest { Environment = environment, Config = input.ToArray() });
    if (response.Result is { ValueKind: JsonValueKind.Object } result)
    {
        using var output = Console.OpenStandardOutput();
        output.Write(Encoding.UTF8.GetBytes(result.GetRawText()));
    }

    return 0;
}
catch (Exception e) when (e is AgentException or JsonException)
{
    var error = new PluginError
    {
        CniVersion = version,
        Code = e is AgentException agent ? agent.Code : 6,
        Message = e is JsonException ? "the network configuration on standard input is not JSON: " + e.Message : e.Message,
    };
    Console.Out.Write(JsonSerializer.Serialize(error, ProtocolJson.Default.PluginError));
    return 1;
}
