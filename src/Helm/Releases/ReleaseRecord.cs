using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Rendering;
using Dpf.Helm.Yaml;

namespace Dpf.Helm.Releases;

/// <summary>A revision of a release, stored as Helm stores it: a Secret of type helm.sh/release.v1.</summary>
internal sealed record ReleaseRecord(string Name, string Namespace, int Revision, string Status, string Manifest, JsonObject Value)
{
    /// <summary>The objects that the revision installed.</summary>
    public IEnumerable<RenderedObject> Objects => YamlReader.ReadAll(Manifest, $"release {Name}")
        .Where(d => d is not null).Select(d => new RenderedObject(Name, (JsonObject)JsonText.ToNode(d)!));

    /// <summary>A new revision.</summary>
    public static ReleaseRecord New(
        ReleaseFacts facts, Chart chart, JsonObject values, RenderedChart rendered, string firstDeployed, string now)
    {
        var value = new JsonObject
        {
            ["name"] = facts.Name,
            ["info"] = new JsonObject
            {
                ["first_deployed"] = firstDeployed,
                ["last_deployed"] = now,
                ["deleted"] = "",
                ["description"] = facts.Revision > 1 ? "Preparing upgrade" : "Initial install underway",
                ["status"] = facts.Revision > 1 ? "pending-upgrade" : "pending-install",
                ["notes"] = rendered.Notes,
            },
            ["chart"] = new JsonObject
            {
                ["metadata"] = JsonText.ToNode(chart.Metadata.Raw),
                ["lock"] = null,
                ["templates"] = new JsonArray([.. chart.Templates.Select(t => new JsonObject
                {
                    ["name"] = t.Key, ["data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(t.Value)),
                })]),
                ["values"] = chart.DefaultValues,
                ["schema"] = null,
                ["files"] = null,
            },
            ["config"] = values.DeepClone(),
            ["manifest"] = rendered.Manifest,
            ["version"] = facts.Revision,
            ["namespace"] = facts.Namespace,
        };
        return new ReleaseRecord(facts.Name, facts.Namespace, facts.Revision, (string)value["info"]!["status"]!, rendered.Manifest, value);
    }

    /// <summary>The same revision in another state.</summary>
    public ReleaseRecord In(string status, string description)
    {
        var value = (JsonObject)Value.DeepClone();
        value["info"]!["status"] = status;
        value["info"]!["description"] = description;
        return this with { Status = status, Value = value };
    }

    /// <summary>The Secret's name.</summary>
    public string SecretName => string.Create(CultureInfo.InvariantCulture, $"sh.helm.release.v1.{Name}.v{Revision}");

    /// <summary>The Secret.</summary>
    public JsonObject ToSecret()
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(Value.ToJsonString()));
        }

        var release = Convert.ToBase64String(buffer.ToArray());
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject
            {
                ["name"] = SecretName,
                ["namespace"] = Namespace,
                ["labels"] = new JsonObject
                {
                    ["name"] = Name, ["owner"] = "helm", ["status"] = Status, ["version"] = Revision.ToString(CultureInfo.InvariantCulture),
                },
            },
            ["type"] = "helm.sh/release.v1",
            ["data"] = new JsonObject { ["release"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(release)) },
        };
    }

    /// <summary>Reads a Secret.</summary>
    /// <exception cref="ChartException">It holds no release.</exception>
    public static ReleaseRecord Read(JsonObject secret)
    {
        var name = (string?)secret["metadata"]?["name"];
        try
        {
            var bytes = Convert.FromBase64String(Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]!["release"]!)));
            using var json = new MemoryStream();
            if (bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b, 0x08]))
            {
                using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
                gzip.CopyTo(json);
            }
            else
            {
                json.Write(bytes);
            }

            var value = (JsonObject)JsonNode.Parse(json.ToArray())!;
            return new ReleaseRecord(
                (string)value["name"]!, (string)value["namespace"]!, (int)value["version"]!, (string?)value["info"]?["status"] ?? "unknown",
                (string?)value["manifest"] ?? "", value);
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or InvalidOperationException or NullReferenceException or System.Text.Json.JsonException)
        {
            throw new ChartException($"Secret {name} holds no release of Helm: {e.Message}", e);
        }
    }
}
