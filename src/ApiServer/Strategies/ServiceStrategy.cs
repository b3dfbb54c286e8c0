using System.Net;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Services: defaults, cluster addresses and node ports.</summary>
internal sealed class ServiceStrategy(ServerComposition server) : ResourceStrategy
{
    private const int FirstNodePort = 30000;
    private const int LastNodePort = 32767;
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
            spec.Default("ipFamilies", new JsonArray("IPv4"));
            spec.Default("ipFamilyPolicy", "SingleStack");
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
    }

    public override void Release(JsonObject value)
    {
        lock (_gate)
        {
            _addresses.Remove(value.Text("spec", "clusterIP") ?? "");
            foreach (var port in value.Objects("spec", "ports"))
            {
                _ports.Remove(port.Number("nodePort") ?? 0);
            }
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
                return;
            }

            var kept = old.Text("spec", "clusterIP");
            if (spec.Text("clusterIP") is not { Length: > 0 } address)
            {
                address = kept is { Length: > 0 } ? kept : Free();
            }
            else if (address != "None" && address != kept && !_addresses.Add(address))
            {
                throw ApiErrors.Invalid(
                    "Service", "", value.Name(), [FieldError.Invalid("spec.clusterIPs", new JsonArray(address), "failed to allocate IP: provided IP is already allocated")]);
            }

            spec["clusterIP"] = address;
            spec["clusterIPs"] = new JsonArray(address);
            if (spec.Text("type") is "NodePort" or "LoadBalancer")
            {
                AllocatePorts(spec, old);
            }
        }
    }

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

    private string Free()
    {
        var (network, length) = server.Options.ServiceCidr.Split('/') is [var n, var l] ? (Number(IPAddress.Parse(n)), int.Parse(l, System.Globalization.CultureInfo.InvariantCulture)) : throw new FormatException(server.Options.ServiceCidr);
        var size = length >= 31 ? 2 : 1L << (32 - length);

        // The first address is the API server's own service.
        for (long i = 10; i < size - 1; i++)
        {
            var address = Text((uint)(network + i));
            if (_addresses.Add(address))
            {
                return address;
            }
        }

        throw new ApiException(500, "InternalError", $"the service network {server.Options.ServiceCidr} has no free address");
    }

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
            _addresses.Add(service.Text("spec", "clusterIP") ?? "");
            _ports.UnionWith(service.Objects("spec", "ports").Select(p => p.Number("nodePort") ?? 0));
        }
    }

    private static uint Number(IPAddress address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static string Text(uint number)
    {
        var bytes = new byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes).ToString();
    }
}
