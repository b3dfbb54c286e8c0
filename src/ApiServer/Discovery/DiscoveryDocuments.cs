using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Discovery;

/// <summary>Tells clients what there is: groups, versions, resources; in the aggregated form to those that ask for it.</summary>
internal sealed class DiscoveryDocuments(ServerComposition server)
{
    /// <summary>Adds the paths.</summary>
    public void AddTo(IDictionary<string, RequestDelegate> paths)
    {
        paths["/api"] = ApiAsync;
        paths["/apis"] = ApisAsync;
    }

    private Task ApiAsync(HttpContext http)
    {
        var rest = Rest(http, "/api");
        if (rest.Length == 0)
        {
            return IsAggregated(http, out var type)
                ? WriteAsync(http, Aggregated(g => g.Length == 0), type)
                : WriteAsync(http, new JsonObject
                {
                    ["kind"] = "APIVersions",
                    ["versions"] = new JsonArray("v1"),
                    ["serverAddressByClientCIDRs"] = new JsonArray(
                        new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = server.Address["https://".Length..] }),
                });
        }

        return rest is ["v1"] ? WriteAsync(http, Resources("", "v1")) : throw ApiErrors.UnknownResource();
    }

    private Task ApisAsync(HttpContext http)
    {
        var rest = Rest(http, "/apis");
        switch (rest)
        {
            case []:
                return IsAggregated(http, out var type)
                    ? WriteAsync(http, Aggregated(g => g.Length > 0), type)
                    : WriteAsync(http, new JsonObject
                    {
                        ["kind"] = "APIGroupList",
                        ["apiVersion"] = "v1",
                        ["groups"] = new JsonArray([.. Groups().Where(g => g.Length > 0).Select(g => Group(g, false))]),
                    });
            case [var group] when Groups().Contains(group):
                return WriteAsync(http, Group(group, true));
            case [var group, var version] when Versions(group).Contains(version):
                return WriteAsync(http, Resources(group, version));
            default:
                throw ApiErrors.UnknownResource();
        }
    }

    private static string[] Rest(HttpContext http, string prefix) =>
        http.Request.Path.Value![prefix.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries);

    private static bool IsAggregated(HttpContext http, out string type)
    {
        type = "application/json";
        foreach (var part in http.Request.Headers.Accept.ToString().Split(','))
        {
            if (part.Contains("as=APIGroupDiscoveryList", StringComparison.Ordinal) && part.Contains("v=v2", StringComparison.Ordinal) &&
                !part.Contains("v2beta1", StringComparison.Ordinal) && part.Trim().StartsWith("application/json", StringComparison.Ordinal))
            {
                type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
                return true;
            }
        }

        return false;
    }

    private static Task WriteAsync(HttpContext http, JsonObject value, string type = "application/json")
    {
        http.Response.ContentType = type;
        return http.Response.WriteAsync(value.ToJsonString(JsonText.Relaxed), http.RequestAborted);
    }

    private List<string> Groups() => [.. server.Registry.All.Select(d => d.Group).Distinct(StringComparer.Ordinal)];

    private List<string> Versions(string group) =>
        [.. server.Registry.All.Where(d => d.Group == group).OrderByDescending(d => d.Preferred).Select(d => d.Version).Distinct(StringComparer.Ordinal)];

    private JsonObject Group(string name, bool isRoot)
    {
        JsonObject Version(string version) => new() { ["groupVersion"] = $"{name}/{version}", ["version"] = version };
        var versions = Versions(name);
        var group = new JsonObject
        {
            ["name"] = name,
            ["versions"] = new JsonArray([.. versions.Select(Version)]),
            ["preferredVersion"] = Version(versions[0]),
        };
        if (isRoot)
        {
            group["kind"] = "APIGroup";
            group["apiVersion"] = "v1";
        }

        return group;
    }

    private JsonObject Resources(string group, string version)
    {
        var list = new JsonArray();
        foreach (var definition in server.Registry.All.Where(d => d.Group == group && d.Version == version))
        {
            var resource = new JsonObject
            {
                ["name"] = definition.Plural,
                ["singularName"] = definition.Singular,
                ["namespaced"] = definition.Namespaced,
                ["kind"] = definition.Kind,
                ["verbs"] = Texts(definition.Verbs),
            };
            if (definition.ShortNames.Count > 0)
            {
                resource["shortNames"] = Texts(definition.ShortNames);
            }

            if (definition.Categories.Count > 0)
            {
                resource["categories"] = Texts(definition.Categories);
            }

            if (!definition.Virtual)
            {
                resource["storageVersionHash"] = definition.StorageVersionHash;
            }

            list.Add(resource);
            foreach (var sub in definition.Subresources)
            {
                var entry = new JsonObject
                {
                    ["name"] = $"{definition.Plural}/{sub.Name}",
                    ["singularName"] = "",
                    ["namespaced"] = definition.Namespaced,
                    ["kind"] = sub.Kind ?? definition.Kind,
                    ["verbs"] = Texts(sub.Verbs),
                };
                if (sub.Group is { } subGroup)
                {
                    entry["group"] = subGroup;
                    entry["version"] = sub.Version;
                }

                list.Add(entry);
            }
        }

        return new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}",
            ["resources"] = list,
        };
    }

    private JsonObject Aggregated(Func<string, bool> wanted) => new()
    {
        ["kind"] = "APIGroupDiscoveryList",
        ["apiVersion"] = "apidiscovery.k8s.io/v2",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. Groups().Where(wanted).Select(group => new JsonObject
        {
            ["metadata"] = group.Length == 0 ? new JsonObject { ["creationTimestamp"] = null } : new JsonObject { ["name"] = group, ["creationTimestamp"] = null },
            ["versions"] = new JsonArray([.. Versions(group).Select(version => new JsonObject
            {
                ["version"] = version,
                ["freshness"] = "Current",
                ["resources"] = new JsonArray([.. server.Registry.All.Where(d => d.Group == group && d.Version == version).Select(Resource)]),
            })]),
        })]),
    };

    private static JsonObject Resource(ResourceDefinition definition)
    {
        var resource = new JsonObject
        {
            ["resource"] = definition.Plural,
            ["responseKind"] = Kind(definition.Group, definition.Version, definition.Kind),
            ["scope"] = definition.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = definition.Singular,
            ["verbs"] = Texts(definition.Verbs),
        };
        if (definition.ShortNames.Count > 0)
        {
            resource["shortNames"] = Texts(definition.ShortNames);
        }

        if (definition.Categories.Count > 0)
        {
            resource["categories"] = Texts(definition.Categories);
        }

        if (definition.Subresources.Count > 0)
        {
            resource["subresources"] = new JsonArray([.. definition.Subresources.Select(s => new JsonObject
            {
                ["subresource"] = s.Name,
                ["responseKind"] = Kind(s.Group ?? definition.Group, s.Version ?? definition.Version, s.Kind ?? definition.Kind),
                ["verbs"] = Texts(s.Verbs),
            })]);
        }

        return resource;
    }

    private static JsonObject Kind(string group, string version, string kind) => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];
}
