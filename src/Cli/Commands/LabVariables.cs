using System.Net;
using Dpf.Guide.Variables;

namespace Dpf.Cli.Commands;

/// <summary>The guide's variables of the lab: its own values, unless the user's environment says otherwise.</summary>
internal static class LabVariables
{
    /// <summary>Addresses that the lab's DHCP server hands out on the management network.</summary>
    public static (IPAddress First, IPAddress Last) DhcpRange { get; } = (IPAddress.Parse("10.0.110.100"), IPAddress.Parse("10.0.110.150"));

    private static readonly Dictionary<string, string> Lab = new()
    {
        ["TARGETCLUSTER_API_SERVER_HOST"] = "10.0.110.1",
        ["TARGETCLUSTER_API_SERVER_PORT"] = "6443",
        ["TARGETCLUSTER_NODE_CIDR"] = "10.0.110.0/24",
        ["DPUCLUSTER_VIP"] = "10.0.110.200",
        ["DPU_P0"] = "ens1f0np0",
        ["DPU_P0_VF1"] = "ens1f0v1",
        ["DPUCLUSTER_INTERFACE"] = "br-eno1",
        ["NFS_SERVER_IP"] = "10.0.110.250",
        ["NGC_HELM_REGISTRY_REPO_URL"] = "oci://10.0.110.250:5000/nvidia/doca",
        ["OVN_KUBERNETES_REPO_URL"] = "oci://10.0.110.250:5000/nvidia",
        ["NGC_API_KEY"] = "lab",
        ["REGISTRY"] = "oci://10.0.110.250:5000/nvidia/dpf-operator",
        ["TAG"] = "v24.10.0",
        ["BLUEFIELD_BITSTREAM"] = "http://10.0.110.250/bfb/bf-bundle-2.9.1-lab.bfb",

        // A simulated system says itself that its first boot is over.
        ["CLOUD_INIT_TIMEOUT"] = "0",
        ["DPF_CHART_MIRROR"] = "oci://10.0.110.250:5000/mirror",
        ["DPF_PLAIN_HTTP_REGISTRIES"] = "10.0.110.250:5000",
    };

    // What the topology decides cannot be chosen; these a user may.
    private static readonly string[] Free = ["POD_CIDR", "SERVICE_CIDR", "DPUCLUSTER_VIP", "NGC_API_KEY", "TARGETCLUSTER_API_SERVER_HOST", "TARGETCLUSTER_API_SERVER_PORT", "TARGETCLUSTER_NODE_CIDR"];

    /// <summary>The variables, checked.</summary>
    /// <exception cref="GuideVariableException">The user's environment holds a wrong one.</exception>
    public static IReadOnlyDictionary<string, string> Check()
    {
        var values = new Dictionary<string, string>(Lab);
        foreach (var name in Free)
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                values[name] = value;
            }
        }

        var variables = GuideVariables.Read(values, DhcpRange);
        foreach (var name in Free.Where(n => n.StartsWith("TARGETCLUSTER", StringComparison.Ordinal) && variables[n] != Lab[n]))
        {
            throw new GuideVariableException([$"{name}={variables[name]}: the lab's is {Lab[name]}; unset it"]);
        }

        return variables.Values;
    }
}
