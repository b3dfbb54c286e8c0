using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.BuiltIn;

/// <summary><c>pods/binding</c>: puts a pod on a node.</summary>
internal sealed class BindingHandler(ServerComposition server) : IResourceHandler
{
    public async Task HandleAsync(ApiRequest request, CancellationToken cancellation)
    {
        var binding = await server.Responses.ReadAsync(request.Http, null, cancellation);
        var node = binding.Text("target", "name") ?? throw ApiErrors.BadRequest("target.name is required: the node");
        var (definition, info) = (request.Definition!, request.Info);
        await server.Objects.UpdateAsync(
            definition, info.Namespace, info.Name, "",
            pod =>
            {
                if (pod.Text("spec", "nodeName") is { Length: > 0 } bound)
                {
                    throw ApiErrors.Conflict(definition.GroupResource, info.Name, $"pod {info.Name} is already assigned to node \"{bound}\"");
                }

                if (pod.At("metadata", "deletionTimestamp") is not null)
                {
                    throw ApiErrors.Conflict(definition.GroupResource, info.Name, $"pod {info.Name} is being deleted, cannot be assigned to a host");
                }

                pod.Map("metadata").Remove("resourceVersion");
                pod.Map("spec")["nodeName"] = node;
                return pod;
            },
            cancellation: cancellation);
        var now = server.Options.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        await server.Objects.UpdateAsync(
            definition, info.Namespace, info.Name, "status",
            pod =>
            {
                pod.Map("metadata").Remove("resourceVersion");
                var conditions = pod.Map("status")["conditions"] as JsonArray ?? [];
                var kept = new JsonArray([.. conditions.OfType<JsonObject>().Where(c => c.Text("type") != "PodScheduled").Select(c => c.DeepClone())]);
                kept.Add(new JsonObject { ["type"] = "PodScheduled", ["status"] = "True", ["lastTransitionTime"] = now, ["lastProbeTime"] = null });
                pod.Map("status")["conditions"] = kept;
                return pod;
            },
            cancellation: cancellation);
        await server.Responses.WriteAsync(
            request.Http, 201, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 },
            cancellation);
    }
}
