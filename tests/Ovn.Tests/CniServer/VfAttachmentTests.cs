using Dpf.Cni;
using Dpf.Ovn.CniServer;
using Dpf.Ovn.Node.Health;
using Dpf.Ovn.Tests.Node;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.CniServer;

/// <summary>What a DEL does without an API server.</summary>
public sealed class VfAttachmentTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_DEL_gives_the_VF_back_while_the_API_server_is_down_and_says_so()
    {
        using var machine = new FolderMachine();

        // Nobody listens at this port.
        await using var node = AgentWorld.Agent(machine, new Uri("https://127.0.0.1:1"), "", "");
        using var sandboxes = new VfSandboxes(machine, node.Pci, 1400, NullLogger.Instance);
        var attachment = new VfAttachment(node, sandboxes, new DpuHealth(node, node.Lease));
        new AttachmentState("ens1f0v2", "eth0") { NetworkNamespace = "/run/netns/gone", Pod = "default/a" }.Save(machine, "abc");
        var request = new CniRequest("DEL", "abc", null, "eth0", "default", "a", null, new PluginConfig { Name = "ovn-primary" });

        await Assert.ThrowsAsync<HttpRequestException>(() => attachment.DeleteAsync(request, Cancellation));

        Assert.Empty(AttachmentState.All(machine));
    }
}
