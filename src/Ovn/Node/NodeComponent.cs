using Dpf.Ovn.Node.Dpu;
using Dpf.Ovn.Node.Full;
using Dpf.Ovn.Node.Host;
using Dpf.Runtime.Hosting;

namespace Dpf.Ovn.Node;

/// <summary><c>ovnkube-node</c>: the node agent, in the mode that it is told.</summary>
public sealed class NodeComponent : IComponent
{
    /// <inheritdoc />
    public Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var settings = OvnSettings.Read(context);
        return settings.Mode switch
        {
            NodeMode.Dpu => DpuNode.RunAsync(context, settings, cancellation),
            NodeMode.DpuHost => DpuHostNode.RunAsync(context, settings, cancellation),
            _ => FullNode.RunAsync(context, settings, cancellation),
        };
    }
}
