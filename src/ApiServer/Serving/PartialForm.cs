using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Serving;

/// <summary>A client's wish for objects' metadata alone (<c>PartialObjectMetadata</c> of meta.k8s.io/v1).</summary>
internal static class PartialForm
{
    /// <summary>Whether a request has it; lists name the form of the list, watches and single objects that of the object.</summary>
    public static bool IsWanted(HttpContext http) => http.Request.Headers.Accept.ToString().Contains("as=PartialObjectMetadata", StringComparison.Ordinal);

    /// <summary>Leaves nothing but the metadata.</summary>
    public static void Reduce(JsonObject item)
    {
        foreach (var field in item.Select(p => p.Key).Where(f => f != "metadata").ToList())
        {
            item.Remove(field);
        }

        item["kind"] = "PartialObjectMetadata";
        item["apiVersion"] = "meta.k8s.io/v1";
    }
}
