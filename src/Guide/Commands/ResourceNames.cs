using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;

namespace Dpf.Guide.Commands;

/// <summary>Finds what a user means by <c>deployment</c>, <c>ns</c> or <c>dpuservices</c>, by discovery.</summary>
public sealed class ResourceNames(KubeClient client)
{
    /// <summary>The resource of a name, and whether it is namespaced.</summary>
    /// <exception cref="KubeException">The server has no such resource.</exception>
    public async Task<(ResourceType Type, bool Namespaced)> FindAsync(string name, CancellationToken cancellation)
    {
        foreach (var groupVersion in await GroupVersionsAsync(cancellation))
        {
            var path = groupVersion.Contains('/', StringComparison.Ordinal) ? $"/apis/{groupVersion}" : $"/api/{groupVersion}";
            var list = await client.GetRawAsync(path, cancellation);
            foreach (var resource in list?["resources"]?.AsArray() ?? [])
            {
                if (Matches(resource!, name))
                {
                    var parts = groupVersion.Split('/');
                    return (
                        new ResourceType(parts.Length == 2 ? parts[0] : "", parts[^1], (string)resource!["kind"]!, (string)resource["name"]!),
                        (bool)resource["namespaced"]!);
                }
            }
        }

        throw new KubeException(
            System.Net.HttpStatusCode.NotFound, "NotFound", $"the server doesn't have a resource type \"{name}\"", "discovery");
    }

    private static bool Matches(JsonNode resource, string name) =>
        (string?)resource["name"] == name || (string?)resource["singularName"] == name ||
        (resource["shortNames"]?.AsArray().Any(s => (string?)s == name) ?? false);

    private async Task<IReadOnlyList<string>> GroupVersionsAsync(CancellationToken cancellation)
    {
        var groups = await client.GetRawAsync("/apis", cancellation);
        return ["v1", .. groups?["groups"]?.AsArray().Select(g => (string)g!["preferredVersion"]!["groupVersion"]!) ?? []];
    }
}
