using Dpf.Api.Schemas;
using Dpf.Runtime.Hosting;
using k8s.Models;

namespace Dpf.Lab.Addons.Maintenance;

/// <summary>A request to take a node out of service for a while.</summary>
[KubernetesEntity(Group = "maintenance.nvidia.com", ApiVersion = "v1alpha1", Kind = "NodeMaintenance", PluralName = "nodemaintenances")]
internal sealed class NodeMaintenance : CustomObject<Anything, Anything>;

/// <summary>Takes nodes out of service for those who ask by a NodeMaintenance.</summary>
internal sealed class MaintenanceComponent : IComponent
{
    /// <inheritdoc />
    public Task RunAsync(ComponentContext context, CancellationToken cancellation) => AddonHost.RunAsync(
        context, (cache, stop) => [new MaintenanceController(cache, context.Loggers, context.Time).RunAsync(stop)], cancellation);
}
