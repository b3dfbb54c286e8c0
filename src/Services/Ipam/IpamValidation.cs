using System.Net;
using Dpf.Api.Services;
using Dpf.Services.Admission;

namespace Dpf.Services.Ipam;

/// <summary>What a DPUServiceIPAM must not say: pure.</summary>
internal static class IpamValidation
{
    /// <summary>What is wrong; nothing when all is right.</summary>
    /// <param name="value">The object.</param>
    /// <param name="before">What it was; null for a new one.</param>
    /// <param name="allowedNamespace">The one namespace whose pools are used.</param>
    public static IReadOnlyList<string> Problems(DpuServiceIpam value, DpuServiceIpam? before, string allowedNamespace)
    {
        List<string> problems = [];
        if (value.Metadata.NamespaceProperty != allowedNamespace)
        {
            problems.Add($"metadata.namespace: a DPUServiceIPAM has an effect only in namespace {allowedNamespace}; create it there");
        }

        if (Findings.LabelProblem(value.Metadata.Name) is { } unfit)
        {
            problems.Add(unfit);
        }

        switch (value.Spec)
        {
            case { Ipv4Network: null, Ipv4Subnet: null }:
                problems.Add("either ipv4Subnet or ipv4Network must be specified");
                break;
            case { Ipv4Network: not null, Ipv4Subnet: not null }:
                problems.Add("either ipv4Subnet or ipv4Network must be specified but not both");
                break;
            case { Ipv4Network: { } network }:
                problems.AddRange(NetworkProblems(network));
                break;
            case { Ipv4Subnet: { } subnet }:
                problems.AddRange(SubnetProblems(subnet));
                break;
        }

        if (before is not null)
        {
            problems.AddRange(ChangeProblems(value.Spec, before.Spec));
        }

        return problems;
    }

    /// <summary>What the author of a change should know: addresses that pods have already do not change with it.</summary>
    public static IReadOnlyList<string> Warnings(DpuServiceIpam value, DpuServiceIpam? before)
    {
        List<string> warnings = [];
        Compare("ipv4Network.prefixSize", value.Spec.Ipv4Network?.PrefixSize, before?.Spec.Ipv4Network?.PrefixSize);
        Compare("ipv4Network.gatewayIndex", value.Spec.Ipv4Network?.GatewayIndex, before?.Spec.Ipv4Network?.GatewayIndex);
        Compare("ipv4Subnet.perNodeIPCount", value.Spec.Ipv4Subnet?.PerNodeIpCount, before?.Spec.Ipv4Subnet?.PerNodeIpCount);
        Compare("ipv4Subnet.gateway", value.Spec.Ipv4Subnet?.Gateway, before?.Spec.Ipv4Subnet?.Gateway);
        foreach (var (node, part) in value.Spec.Ipv4Network?.Allocations ?? [])
        {
            warnings.AddRange((value.Spec.Ipv4Network!.Exclusions ?? []).Where(e => Address(e) is { } ip && Network(part)?.Contains(ip) == true)
                .Select(e => $"ipv4Network.exclusions '{e}' is in {part}, which node {node} has: its pods do not get that address"));
        }

        return warnings;

        void Compare<T>(string field, T? now, T? then)
        {
            if (now is not null && then is not null && !now.Equals(then))
            {
                warnings.Add($"{field} changes from {then} to {now}: pods keep the addresses they have until they are made anew");
            }
        }
    }

    /// <summary>
    /// The IPv4 network that a text says; null when it says none. A host's address with a prefix (10.0.0.1/24) is accepted as its
    /// network, as Go's parser does.
    /// </summary>
    public static IPNetwork? Network(string? text) =>
        text?.Split('/') is [var address, var length] && Address(address) is { } ip &&
        int.TryParse(length, System.Globalization.NumberStyles.None, null, out var bits) && bits <= 32
            ? new IPNetwork(Masked(ip, bits), bits)
            : null;

    private static IEnumerable<string> NetworkProblems(Ipv4Network value)
    {
        if (Network(value.Network) is not { } network)
        {
            yield return $"ipv4Network.network '{value.Network}': expected an IPv4 network, e.g. 10.0.120.0/22";
            yield break;
        }

        if (value.PrefixSize < network.PrefixLength || value.PrefixSize > 32)
        {
            yield return $"ipv4Network.prefixSize {value.PrefixSize}: expected {network.PrefixLength} (the network's own) to 32";
            yield break;
        }

        var addresses = 1L << (32 - value.PrefixSize);
        if (value.GatewayIndex is { } index && (index < 0 || index >= addresses))
        {
            yield return $"ipv4Network.gatewayIndex {index}: a network of a node has {addresses} addresses";
        }

        foreach (var text in (value.Exclusions ?? []).Where(t => Address(t) is not { } ip || !network.Contains(ip)))
        {
            yield return $"ipv4Network.exclusions '{text}': expected an address in {value.Network}";
        }

        foreach (var problem in AllocationProblems(value, network).Concat(RouteProblems("ipv4Network", value.Routes, value.DefaultGateway)))
        {
            yield return problem;
        }
    }

    private static IEnumerable<string> AllocationProblems(Ipv4Network value, IPNetwork network)
    {
        var given = (value.Allocations ?? []).OrderBy(a => a.Key, StringComparer.Ordinal).ToList();
        foreach (var (node, text) in given)
        {
            if (Network(text) is not { } part || !network.Contains(part.BaseAddress) || part.PrefixLength != value.PrefixSize)
            {
                yield return $"ipv4Network.allocations.{node} '{text}': expected a /{value.PrefixSize} network in {value.Network}";
            }
        }

        foreach (var same in given.GroupBy(a => Network(a.Value)?.ToString() ?? a.Value).Where(g => g.Count() > 1))
        {
            yield return $"ipv4Network.allocations: {string.Join(" and ", same.Select(a => a.Key))} have the same network {same.Key}";
        }
    }

    private static IEnumerable<string> SubnetProblems(Ipv4Subnet value)
    {
        if (Network(value.Subnet) is not { } subnet)
        {
            yield return $"ipv4Subnet.subnet '{value.Subnet}': expected an IPv4 network, e.g. 192.168.0.0/20";
            yield break;
        }

        if (Address(value.Gateway) is not { } gateway || !subnet.Contains(gateway))
        {
            yield return $"ipv4Subnet.gateway '{value.Gateway}': expected an address in {value.Subnet}";
        }

        if (value.PerNodeIpCount < 1 || value.PerNodeIpCount > (1L << (32 - subnet.PrefixLength)))
        {
            yield return $"ipv4Subnet.perNodeIPCount {value.PerNodeIpCount}: expected 1 to the number of addresses in {value.Subnet}";
        }

        foreach (var problem in RouteProblems("ipv4Subnet", value.Routes, value.DefaultGateway))
        {
            yield return problem;
        }
    }

    private static IEnumerable<string> RouteProblems(string block, IEnumerable<DpuServiceIpamRoute>? routes, bool? defaultGateway)
    {
        foreach (var text in (routes ?? []).Select(r => r.Dst))
        {
            if (Network(text) is not { } route)
            {
                yield return $"{block}.routes '{text}': expected an IPv4 network";
            }
            else if (defaultGateway == true && route.PrefixLength == 0)
            {
                yield return $"{block}.routes '{text}': defaultGateway is true, which is that route already; remove one of them";
            }
        }
    }

    private static IEnumerable<string> ChangeProblems(DpuServiceIpamSpec now, DpuServiceIpamSpec before)
    {
        if ((before.Ipv4Subnet is not null && now is { Ipv4Subnet: null, Ipv4Network: not null }) ||
            (before.Ipv4Network is not null && now is { Ipv4Network: null, Ipv4Subnet: not null }))
        {
            yield return "transitioning from ipv4subnet to ipv4network and vice versa is not supported; create a new DPUServiceIPAM";
        }

        foreach (var (to, from) in new[] { (now.Ipv4Subnet?.Subnet, before.Ipv4Subnet?.Subnet), (now.Ipv4Network?.Network, before.Ipv4Network?.Network) })
        {
            if (Network(to) is { } wider && Network(from) is { } narrower &&
                (!wider.Contains(narrower.BaseAddress) || wider.PrefixLength > narrower.PrefixLength))
            {
                yield return $"you cannot shrink the ip subnet: {to} does not hold all of {from}";
            }
        }
    }

    private static IPAddress Masked(IPAddress address, int bits)
    {
        var bytes = address.GetAddressBytes();
        var number = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes) & (bits == 0 ? 0 : uint.MaxValue << (32 - bits));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }

    private static IPAddress? Address(string? text) =>
        text?.Split('.').Length == 4 && IPAddress.TryParse(text, out var ip) && ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            ? ip
            : null;
}
