using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Services: defaults, cluster addresses and node ports.</summary>
internal sealed class ServiceStrategy(ServerComposition server) : ResourceStrategy
{
    private const int FirstNodePort = 30000;
    private const int LastNodePort = 32767;
    private readonly ServiceNetworks _networks = new(server.Options.ServiceCidr);
    private readonly Lock _gate = new();
    private readonly HashSet<string> _addresses = new(StringComparer.Ordinal);
    private readonly HashSet<long> _ports = [];
    private bool _loaded;

    public override NameRule Names => NameRule.StrictLabel;

    public override void Default(JsonObject value)
    {
        var spec = value.Map("spec");
        spec.Default("type", "ClusterIP");
        spec.Default("sessionAffinity", "None");
        foreach (var port in spec.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            port.Default("targetPort", port["port"]?.DeepClone());
        }

        if (spec.Text("type") != "ExternalName")
        {
            spec.Default("internalTrafficPolicy", "Cluster");
        }

        if (spec.Text("type") is "NodePort" or "LoadBalancer")
        {
            spec.Default("externalTrafficPolicy", "Cluster");
        }

        if (spec.Text("sessionAffinity") == "ClientIP")
        {
            spec.Map("sessionAffinityConfig").Map("clientIP").Default("timeoutSeconds", 10800);
        }

        value.Default("status", new JsonObject { ["loadBalancer"] = new JsonObject() });
    }

    public override ValueTask PrepareForCreateAsync(JsonObject value, bool dryRun, CancellationToken cancellation)
    {
        Allocate(value, null);
        return ValueTask.CompletedTask;
    }

    public override ValueTask PrepareForUpdateAsync(
        JsonObject value, JsonObject old, string subresource, bool dryRun, CancellationToken cancellation)
    {
        if (subresource.Length == 0)
        {
            Allocate(value, old);
        }

        return ValueTask.CompletedTask;
    }

    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old)
    {
        var spec = value["spec"];
        if (spec.Text("type") != "ExternalName" && spec.Text("clusterIP") != "None" && !spec.Objects("ports").Any())
        {
            yield return FieldError.Required("spec.ports");
        }

        if (old is not null && old.Text("spec", "clusterIP") is { Length: > 0 } was && spec.Text("clusterIP") is { Length: > 0 } now &&
            was != now && spec.Text("type") != "ExternalName" && old.Text("spec", "type") != "ExternalName")
        {
            yield return FieldError.Invalid("spec.clusterIPs[0]", now, "may not change once set");
        }

        if (spec.Number("healthCheckNodePort") is > 0 and var health && !HasHealthCheck(spec))
        {
            yield return FieldError.Invalid(
                "spec.healthCheckNodePort", health, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
        }
    }

    public override void Release(JsonObject value)
    {
        lock (_gate)
        {
            _addresses.ExceptWith(value.Texts("spec", "clusterIPs"));
            foreach (var port in value.Objects("spec", "ports"))
            {
                _ports.Remove(port.Number("nodePort") ?? 0);
            }

            _ports.Remove(value.At("spec").Number("healthCheckNodePort") ?? 0);
        }
    }

    private void Allocate(JsonObject value, JsonObject? old)
    {
        var spec = value.Map("spec");
        lock (_gate)
        {
            Load();
            if (spec.Text("type") == "ExternalName")
            {
                spec.Remove("clusterIP");
                spec.Remove("clusterIPs");
                AllocateHealthCheck(value.Name(), spec, old.At("spec").Number("healthCheckNodePort") ?? 0);
                return;
            }

            if (ServiceFamilies.Decide(spec, old.At("spec"), _networks.Families) is { Count: > 0 } errors)
            {
                throw ApiErrors.Invalid("Service", "", value.Name(), errors);
            }

            var addresses = Addresses(value.Name(), spec, [.. old.Texts("spec", "clusterIPs")]);
            spec["clusterIP"] = addresses[0];
            spec["clusterIPs"] = new JsonArray([.. addresses.Select(a => (JsonNode)a)]);
            if (spec.Text("type") is "NodePort" or "LoadBalancer")
            {
                AllocatePorts(spec, old);
            }

            AllocateHealthCheck(value.Name(), spec, old.At("spec").Number("healthCheckNodePort") ?? 0);
        }
    }

    private static bool HasHealthCheck(JsonNode? spec) => spec.Text("type") == "LoadBalancer" && spec.Text("externalTrafficPolicy") == "Local";

    /// <summary>Where nodes tell a balancer outside whether they have endpoints of their own. It stays, and goes with what it is for.</summary>
    private void AllocateHealthCheck(string name, JsonObject spec, long was)
    {
        var asked = spec.Number("healthCheckNodePort") ?? 0;
        if (!HasHealthCheck(spec))
        {
            if (was > 0)
            {
                _ports.Remove(was);
            }

            // Nobody asked for it: it is from before the policy changed. What somebody asked for is refused later.
            if (asked == was)
            {
                spec.Remove("healthCheckNodePort");
            }
        }
        else if (asked == 0)
        {
            spec["healthCheckNodePort"] = was > 0 ? was : FreePort();
        }
        else if (was > 0 && asked != was)
        {
            throw Refused(name, "spec.healthCheckNodePort", asked, "field is immutable");
        }
        else if (asked != was && !_ports.Add(asked))
        {
            throw Refused(name, "spec.healthCheckNodePort", asked, "provided port is already allocated");
        }
    }

    /// <summary>One address for each of the service's families; what it no longer has is free again.</summary>
    private IReadOnlyList<string> Addresses(string name, JsonObject spec, IReadOnlyList<string> kept)
    {
        var asked = spec.Texts("clusterIPs").ToList();
        if (spec.Text("clusterIP") is { Length: > 0 } first && asked.FirstOrDefault() != first)
        {
            asked = [first, .. asked.Skip(1)];
        }

        if (asked.FirstOrDefault() == "None")
        {
            return ["None"];
        }

        var addresses = new List<string>();
        foreach (var (i, family) in spec.Texts("ipFamilies").ToList().Index())
        {
            if (asked.ElementAtOrDefault(i) is { Length: > 0 } address)
            {
                if (ServiceNetworks.FamilyOf(address) != family)
                {
                    throw Refused(name, $"spec.clusterIPs[{i}]", address, $"expected an {family} value as indicated by `spec.ipFamilies[{i}]`");
                }

                if (!kept.Contains(address) && !_addresses.Add(address))
                {
                    throw Refused(name, "spec.clusterIPs", new JsonArray(address), "failed to allocate IP: provided IP is already allocated");
                }

                addresses.Add(address);
            }
            else
            {
                addresses.Add(kept.FirstOrDefault(k => ServiceNetworks.FamilyOf(k) == family) ?? Free(family));
            }
        }

        _addresses.ExceptWith(kept.Except(addresses));
        return addresses;
    }

    private static ApiException Refused(string name, string field, JsonNode value, string why) =>
        ApiErrors.Invalid("Service", "", name, [FieldError.Invalid(field, value, why)]);

    private void AllocatePorts(JsonObject spec, JsonObject? old)
    {
        foreach (var port in spec.Objects("ports"))
        {
            var was = old.Objects("spec", "ports").FirstOrDefault(p => p.Number("port") == port.Number("port") && p.Text("protocol") == port.Text("protocol"))
                .Number("nodePort");
            if (port.Number("nodePort") is > 0 and var asked)
            {
                if (asked != was && !_ports.Add(asked))
                {
                    throw ApiErrors.Invalid(
                        "Service", "", "", [FieldError.Invalid("spec.ports[0].nodePort", asked, "provided port is already allocated")]);
                }
            }
            else
            {
                port["nodePort"] = was ?? FreePort();
            }
        }
    }

    private string Free(string family) => _networks.Candidates(family).FirstOrDefault(_addresses.Add) ??
        throw new ApiException(500, "InternalError", $"the service network {server.Options.ServiceCidr} has no free address");

    private long FreePort()
    {
        for (var i = 0; i < 64; i++)
        {
            long port = System.Security.Cryptography.RandomNumberGenerator.GetInt32(FirstNodePort, LastNodePort + 1);
            if (_ports.Add(port))
            {
                return port;
            }
        }

        for (long port = FirstNodePort; port <= LastNodePort; port++)
        {
            if (_ports.Add(port))
            {
                return port;
            }
        }

        throw new ApiException(500, "InternalError", "no node port is free");
    }

    private void Load()
    {
        if (_loaded)
        {
            return;
        }

        _loaded = true;
        foreach (var stored in server.Store.List(new GroupResource("", "services")).Items)
        {
            var service = stored.ToObject();
            _addresses.UnionWith(service.Texts("spec", "clusterIPs"));
            _ports.UnionWith(service.Objects("spec", "ports").Select(p => p.Number("nodePort") ?? 0));
            _ports.Add(service.At("spec").Number("healthCheckNodePort") ?? 0);
        }
    }
}
