using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Dns;

/// <summary>
/// The names of a cluster as Kubernetes specifies them (version 1.1.0): services, the pods behind headless ones, ports, and pods by
/// their addresses. A pure function of the objects.
/// </summary>
public sealed class ClusterNames
{
    private const uint Seconds = 5;
    private readonly string _domain;
    private readonly Dictionary<string, List<DnsData>> _records = new(StringComparer.Ordinal);

    // Names that have nothing themselves but lead to some that do.
    private readonly HashSet<string> _inner = new(StringComparer.Ordinal);

    private ClusterNames(string domain) => _domain = domain;

    /// <summary>The names that follow from the objects.</summary>
    public static ClusterNames Of(
        string domain, IEnumerable<V1Service> services, IEnumerable<V1EndpointSlice> slices, IEnumerable<V1Pod> pods)
    {
        var names = new ClusterNames(domain);
        names.Add("dns-version." + domain, new DnsText("1.1.0"));
        names.Add("ns.dns." + domain, []);
        var byService = slices
            .Where(s => s.AddressType is "IPv4" or "IPv6" && s.Metadata.Labels?.ContainsKey(ServiceFacts.ServiceNameLabel) == true)
            .ToLookup(s => (s.Metadata.NamespaceProperty, s.Metadata.Labels[ServiceFacts.ServiceNameLabel]));
        foreach (var service in services)
        {
            names.Add(service, [.. byService[(service.Metadata.NamespaceProperty, service.Metadata.Name)]]);
        }

        names._inner.Add("svc." + domain);
        names._inner.Add("pod." + domain);
        foreach (var pod in pods.Where(p => p.Spec?.HostNetwork != true))
        {
            foreach (var address in IpAddress.ParseAll([pod.Status?.PodIP, .. (pod.Status?.PodIPs ?? []).Select(p => p.Ip)]))
            {
                names.Add($"{Dashed(address)}.{pod.Metadata.NamespaceProperty}.pod.{domain}", new DnsAddress(address));
            }
        }

        return names;
    }

    /// <summary>The answer; null when the name is none of the cluster's.</summary>
    /// <param name="question">The question.</param>
    /// <param name="turn">Of many addresses, the one to begin with: callers take the first.</param>
    public DnsAnswer? Answer(DnsQuestion question, int turn = 0)
    {
        if (_records.TryGetValue(question.Name, out var data))
        {
            var chosen = data.Where(d => d.Type == question.Type || question.Type == DnsType.Any || d.Type == DnsType.Cname).ToList();
            if (chosen.Count > 1)
            {
                var at = (int)((uint)turn % (uint)chosen.Count);
                chosen = [.. chosen[at..], .. chosen[..at]];
            }

            return new DnsAnswer(
                DnsCode.NoError, [.. chosen.Select(d => new DnsRecord(question.Name, d, Seconds))], chosen.Count == 0 ? Authority() : null);
        }

        if (question.Name != _domain && !question.Name.EndsWith("." + _domain, StringComparison.Ordinal))
        {
            return null;
        }

        return _inner.Contains(question.Name) || question.Name == _domain
            ? new DnsAnswer(DnsCode.NoError, [], Authority())
            : new DnsAnswer(DnsCode.NoSuchName, [], Authority());
    }

    private void Add(V1Service service, IReadOnlyList<V1EndpointSlice> slices)
    {
        var name = $"{service.Metadata.Name}.{service.Metadata.NamespaceProperty}.svc.{_domain}";
        if (service.Spec.Type == "ExternalName")
        {
            Add(name, new DnsAlias(service.Spec.ExternalName.TrimEnd('.').ToLowerInvariant()));
        }
        else if (service.Spec.ClusterIP == "None")
        {
            AddHeadless(service, name, slices);
        }
        else if (IpAddress.ParseAll([service.Spec.ClusterIP, .. service.Spec.ClusterIPs ?? []]).ToList() is { Count: > 0 } addresses)
        {
            foreach (var address in addresses)
            {
                Add(name, new DnsAddress(address));
                Add(Reverse(address), new DnsPointer(name));
            }

            foreach (var port in (service.Spec.Ports ?? []).Where(p => p.Name is { Length: > 0 }))
            {
                Add($"_{port.Name}._{(port.Protocol ?? "TCP").ToLowerInvariant()}.{name}", new DnsService((ushort)port.Port, name));
            }
        }
    }

    private void AddHeadless(V1Service service, string name, IReadOnlyList<V1EndpointSlice> slices)
    {
        // A service that nobody stands behind yet exists all the same.
        Add(name, []);
        foreach (var slice in slices)
        {
            foreach (var endpoint in (slice.Endpoints ?? []).Where(e =>
                service.Spec.PublishNotReadyAddresses == true || e.Conditions?.Ready != false))
            {
                foreach (var text in endpoint.Addresses ?? [])
                {
                    if (!IpAddress.TryParse(text, out var address))
                    {
                        continue;
                    }

                    var host = $"{(endpoint.Hostname is { Length: > 0 } given ? given : Dashed(address))}.{name}";
                    Add(name, new DnsAddress(address));
                    Add(host, new DnsAddress(address));
                    Add(Reverse(address), new DnsPointer(host));
                    foreach (var port in (slice.Ports ?? []).Where(p => p.Name is { Length: > 0 } && p.Port is not null))
                    {
                        Add($"_{port.Name}._{(port.Protocol ?? "TCP").ToLowerInvariant()}.{name}", new DnsService((ushort)port.Port!.Value, host));
                    }
                }
            }
        }
    }

    private void Add(string name, params IReadOnlyList<DnsData> data)
    {
        if (!_records.TryGetValue(name, out var list))
        {
            _records[name] = list = [];
            for (var dot = name.IndexOf('.', StringComparison.Ordinal); dot > 0; dot = name.IndexOf('.', dot + 1))
            {
                _inner.Add(name[(dot + 1)..]);
            }
        }

        list.AddRange(data.Where(d => !list.Contains(d)));
    }

    private DnsRecord Authority() => new(_domain, new DnsAuthority("ns.dns." + _domain, 1, Seconds), Seconds);

    private static string Dashed(IpAddress address) => address.ToString().Replace('.', '-').Replace(':', '-');

    private static string Reverse(IpAddress address) => address.Family == IpFamily.V4
        ? string.Join('.', address.Bytes.Reverse()) + ".in-addr.arpa"
        : string.Join('.', Convert.ToHexStringLower(address.Bytes).Reverse()) + ".ip6.arpa";
}
