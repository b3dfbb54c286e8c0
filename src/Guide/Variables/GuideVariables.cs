using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Dpf.Guide.Variables;

/// <summary>One variable of the guide's step 0.</summary>
/// <param name="Name">Its name in the environment.</param>
/// <param name="Meaning">What it says, in a line.</param>
/// <param name="Default">The guide's default; null when the user has to say.</param>
/// <param name="Check">Says what is wrong with a value, or null.</param>
public sealed partial record GuideVariable(string Name, string Meaning, string? Default, Func<string, string?> Check);

/// <summary>The guide's variables, checked.</summary>
public sealed partial class GuideVariables
{
    private readonly IReadOnlyDictionary<string, string> _values;

    private GuideVariables(IReadOnlyDictionary<string, string> values) => _values = values;

    /// <summary>Every variable of the guide, in its order.</summary>
    public static IReadOnlyList<GuideVariable> Definitions { get; } =
    [
        new("TARGETCLUSTER_API_SERVER_HOST", "address of the cluster's API server; no scheme, no port", null, Address),
        new("TARGETCLUSTER_API_SERVER_PORT", "port of the cluster's API server", "6443", Port),
        new("TARGETCLUSTER_NODE_CIDR", "network of the cluster's hosts, e.g. 10.10.10.0/24", null, Cidr),
        new("DPUCLUSTER_VIP", "virtual address of the DPU cluster's API server; outside every DHCP range", null, Address),
        new("DPU_P0", "name of the DPU's first port on the hosts", null, Interface),
        new("DPU_P0_VF1", "name of that port's second virtual function", null, Interface),
        new("DPUCLUSTER_INTERFACE", "management interface of the control-plane node", null, Interface),
        new("NFS_SERVER_IP", "address of the NFS server that stores the BFB", null, Address),
        new("NGC_HELM_REGISTRY_REPO_URL", "chart repository of the DOCA services", "https://helm.ngc.nvidia.com/nvidia/doca", Repository),
        new("OVN_KUBERNETES_REPO_URL", "chart repository of OVN-Kubernetes", "oci://ghcr.io/nvidia", Repository),
        new("NGC_API_KEY", "key of the private registry; empty for public images", "", _ => null),
        new("POD_CIDR", "network of the pods; for dual stack 10.233.64.0/18,fd00:10:233::/48", "10.233.64.0/18", Ranges),
        new("SERVICE_CIDR", "network of the services; for dual stack 10.233.0.0/18,fd00:10:96::/112", "10.233.0.0/18", Ranges),
        new("REGISTRY", "chart of the DPF operator", "oci://ghcr.io/nvidia/dpf-operator", Repository),
        new("TAG", "version of DPF", "v24.10.0", Tag),
        new("BLUEFIELD_BITSTREAM", "URL of the BlueField bitstream",
            "https://content.mellanox.com/BlueField/BFBs/Ubuntu22.04/bf-bundle-2.9.1-40_24.11_ubuntu-22.04_prod.bfb", Bitstream),
    ];

    /// <summary>The value of a variable of the guide, or another that was given.</summary>
    /// <exception cref="KeyNotFoundException">There is no such variable.</exception>
    public string this[string name] => _values[name];

    /// <summary>Names and values.</summary>
    public IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>
    /// Takes the variables from an environment, fills in the guide's defaults and checks them all, so that a user sees every
    /// mistake at once and nothing has happened yet.
    /// </summary>
    /// <param name="environment">Names and values; others than the guide's are kept too.</param>
    /// <param name="dhcpRange">Addresses that DHCP hands out on the management network, where they are known.</param>
    /// <exception cref="GuideVariableException">One or more are missing or wrong.</exception>
    public static GuideVariables Read(
        IReadOnlyDictionary<string, string> environment, (IPAddress First, IPAddress Last)? dhcpRange = null)
    {
        var values = new Dictionary<string, string>(environment);
        var problems = new List<string>();
        foreach (var variable in Definitions)
        {
            if (!values.TryGetValue(variable.Name, out var value) || string.IsNullOrWhiteSpace(value))
            {
                if (variable.Default is null)
                {
                    problems.Add($"{variable.Name} is missing: {variable.Meaning}");
                    continue;
                }

                values[variable.Name] = value = variable.Default;
            }

            value = values[variable.Name] = value.Trim();
            if (variable.Check(value) is { } problem)
            {
                problems.Add($"{variable.Name}={value}: {problem}");
            }
        }

        if (problems.Count == 0)
        {
            problems.AddRange(Together(values, dhcpRange));
        }

        if (problems.Count > 0)
        {
            throw new GuideVariableException(problems);
        }

        values["POD_CIDR"] = ClusterRanges.Read(values["POD_CIDR"]).ForPods;
        values["SERVICE_CIDR"] = ClusterRanges.Read(values["SERVICE_CIDR"]).ForServices;
        return new GuideVariables(values);
    }

    private static IEnumerable<string> Together(
        Dictionary<string, string> values, (IPAddress First, IPAddress Last)? dhcpRange)
    {
        var pods = ClusterRanges.Read(values["POD_CIDR"]);
        var services = ClusterRanges.Read(values["SERVICE_CIDR"]);
        IPNetwork[] nodes = [IPNetwork.Parse(values["TARGETCLUSTER_NODE_CIDR"])];
        foreach (var (all, others, names) in new[]
        {
            (pods.All, services.All, "POD_CIDR and SERVICE_CIDR"),
            (pods.All, nodes, "POD_CIDR and TARGETCLUSTER_NODE_CIDR"),
            (services.All, nodes, "SERVICE_CIDR and TARGETCLUSTER_NODE_CIDR"),
        })
        {
            foreach (var (a, b) in all.SelectMany(a => others.Select(b => (a, b))).Where(p => p.a.Contains(p.b.BaseAddress) || p.b.Contains(p.a.BaseAddress)))
            {
                yield return $"{names} overlap ({a} and {b}); choose networks that do not";
            }
        }

        foreach (var (range, length) in pods.All.Zip((int[])[ClusterRanges.NodeLength, ClusterRanges.NodeLengthSix]).Where(p => p.First.PrefixLength > p.Second))
        {
            yield return $"POD_CIDR={range}: every node takes a /{length} of it, so it has to be a /{length} or larger";
        }

        if (services.IsDual && !pods.IsDual)
        {
            yield return $"SERVICE_CIDR={services.Six}: POD_CIDR has no IPv6 network, so no pod could answer; give both or neither";
        }

        var vip = IPAddress.Parse(values["DPUCLUSTER_VIP"]);
        if (dhcpRange is var (first, last) && Number(vip) >= Number(first) && Number(vip) <= Number(last))
        {
            yield return $"DPUCLUSTER_VIP={vip}: DHCP hands out {first} to {last}; choose an address outside that range";
        }
    }

    private static uint Number(IPAddress address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static string? Address(string value) =>
        value.Contains("://", StringComparison.Ordinal) ? "give the address alone, without a scheme"
        : value.Count(c => c == ':') == 1 ? "give the address alone, without a port"
        : IPAddress.TryParse(value, out var address) && address.ToString() == value
            ? address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? null : "IPv6 is not supported here; give an IPv4 address"
            : "not an IP address; e.g. 10.10.10.10";

    private static string? Port(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536 ? null : "not a port; give a number from 1 to 65535";

    private static string? Cidr(string value) =>
        IPNetwork.TryParse(value, out var network) && network.ToString() == value &&
        network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            ? null
            : "not a network in CIDR form (address/prefix with no host bits set); e.g. 10.10.10.0/24";

    private static string? Ranges(string value)
    {
        try
        {
            ClusterRanges.Read(value);
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    private static string? Interface(string value) =>
        InterfaceName().IsMatch(value) ? null : "not an interface name (at most 15 characters, no blanks or slashes)";

    private static string? Repository(string value) =>
        value.StartsWith("oci://", StringComparison.Ordinal) || value.StartsWith("https://", StringComparison.Ordinal)
            ? null
            : "has to begin with oci:// or https://";

    private static string? Tag(string value) => TagName().IsMatch(value) ? null : "not a version; e.g. v24.10.0";

    private static string? Bitstream(string value) =>
        BitstreamUrl().IsMatch(value) ? null : "has to be an http or https URL that ends in .bfb";

    [GeneratedRegex(@"^[^\s/]{1,15}$", RegexOptions.None, 1000)]
    private static partial Regex InterfaceName();

    [GeneratedRegex(@"^v?\d+\.\d+\.\d+[\w.+-]*$", RegexOptions.None, 1000)]
    private static partial Regex TagName();

    [GeneratedRegex(@"^https?://.+\.bfb$", RegexOptions.None, 1000)]
    private static partial Regex BitstreamUrl();
}

/// <summary>Variables of the guide are missing or wrong.</summary>
public sealed class GuideVariableException(IReadOnlyList<string> problems) : Exception(string.Join('\n', problems))
{
    /// <summary>One line each.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
