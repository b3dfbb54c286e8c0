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
            definition, info.Namespace, info.Name, info.Subresource,
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
        await server.Objects.UpdateAsync(
            definition, info.Namespace, info.Name, "status", pod => PodConditions.SetTrue(pod, "PodScheduled", server.Options.Time.GetUtcNow()),
            cancellation: cancellation);
        await server.Responses.WriteSuccessAsync(request.Http, cancellation);
    }
}
