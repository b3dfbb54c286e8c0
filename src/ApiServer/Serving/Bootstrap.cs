using System.Net;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Authorization;
using Dpf.ApiServer.Strategies;

namespace Dpf.ApiServer.Serving;

/// <summary>The objects that a cluster has from its first moment.</summary>
internal sealed class Bootstrap(ServerComposition server)
{
    public async Task RunAsync(CancellationToken cancellation)
    {
        foreach (var name in (string[])["default", "kube-system", "kube-public", "kube-node-lease"])
        {
            await EnsureAsync("", "namespaces", "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, cancellation);
        }

        foreach (var role in BootstrapRoles.Roles())
        {
            await GrantAsync("clusterroles", role, cancellation);
        }

        foreach (var binding in BootstrapRoles.Bindings())
        {
            await GrantAsync("clusterrolebindings", binding, cancellation);
        }

        foreach (var (name, value) in ((string, int)[])[("system-node-critical", 2000001000), ("system-cluster-critical", 2000000000)])
        {
            await EnsureAsync(
                "scheduling.k8s.io", "priorityclasses", "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["value"] = value },
                cancellation);
        }

        await OwnServiceAsync(cancellation);
        await ClusterInfoAsync(cancellation);
    }

    private async Task EnsureAsync(string group, string plural, string ns, JsonObject value, CancellationToken cancellation)
    {
        var definition = server.Registry.FindPreferred(group, plural)!;
        if (server.Objects.Find(definition, ns, value.Name()) is null)
        {
            await server.Objects.CreateAsync(definition, ns, value, cancellation: cancellation);
        }
    }

    private async Task GrantAsync(string plural, JsonObject value, CancellationToken cancellation)
    {
        var definition = server.Registry.FindPreferred("rbac.authorization.k8s.io", plural)!;
        await EnsureAsync(definition.Group, plural, "", value, cancellation);
        if (BootstrapRoles.Heal(server.Objects.Find(definition, "", value.Name())!, value))
        {
            await server.Objects.UpdateAsync(
                definition, "", value.Name(), "",
                present =>
                {
                    BootstrapRoles.Heal(present, value);
                    return present;
                },
                cancellation: cancellation);
        }
    }

    /// <summary>The service <c>kubernetes</c> and the server's address behind it.</summary>
    private async Task OwnServiceAsync(CancellationToken cancellation)
    {
        await EnsureAsync(
            "", "services", "default",
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = "kubernetes", ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" },
                },
                ["spec"] = new JsonObject
                {
                    ["clusterIP"] = new ServiceNetworks(server.Options.ServiceCidr).First,
                    ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = 443, ["targetPort"] = Address().Port, ["protocol"] = "TCP" }),
                },
            },
            cancellation);
        if (IPAddress.TryParse(Address().Host, out var address) && !IPAddress.IsLoopback(address))
        {
            var subset = new JsonObject
            {
                ["addresses"] = new JsonArray(new JsonObject { ["ip"] = Address().Host }),
                ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = Address().Port, ["protocol"] = "TCP" }),
            };
            await ReplaceAsync("", "endpoints", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "kubernetes" }, ["subsets"] = new JsonArray(subset) }, cancellation);
            await ReplaceAsync(
                "discovery.k8s.io", "endpointslices",
                new JsonObject
                {
                    ["metadata"] = new JsonObject
                    {
                        ["name"] = "kubernetes", ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = "kubernetes" },
                    },
                    ["addressType"] = "IPv4",
                    ["endpoints"] = new JsonArray(new JsonObject
                    {
                        ["addresses"] = new JsonArray(Address().Host), ["conditions"] = new JsonObject { ["ready"] = true },
                    }),
                    ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = Address().Port, ["protocol"] = "TCP" }),
                },
                cancellation);
        }
    }

    private async Task ReplaceAsync(string group, string plural, JsonObject value, CancellationToken cancellation)
    {
        await EnsureAsync(group, plural, "default", value, cancellation);
        await server.Objects.UpdateAsync(
            server.Registry.FindPreferred(group, plural)!, "default", value.Name(), "",
            old =>
            {
                old.Map("metadata").Remove("resourceVersion");
                foreach (var (field, node) in value)
                {
                    if (field != "metadata")
                    {
                        old[field] = node?.DeepClone();
                    }
                }

                return old;
            },
            cancellation: cancellation);
    }

    /// <summary>What a node that joins needs to trust the server (kubeadm's <c>cluster-info</c>), readable by everyone.</summary>
    private async Task ClusterInfoAsync(CancellationToken cancellation)
    {
        var kubeconfig = Kubeconfigs.Anonymous(server.Certificates.CaPem, server.Address);
        await EnsureAsync(
            "", "configmaps", "kube-public",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "cluster-info" }, ["data"] = new JsonObject { ["kubeconfig"] = kubeconfig },
            },
            cancellation);
        await EnsureAsync(
            "rbac.authorization.k8s.io", "roles", "kube-public",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "kubeadm:bootstrap-signer-clusterinfo" },
                ["rules"] = new JsonArray(new JsonObject
                {
                    ["apiGroups"] = new JsonArray(""), ["resources"] = new JsonArray("configmaps"), ["resourceNames"] = new JsonArray("cluster-info"),
                    ["verbs"] = new JsonArray("get"),
                }),
            },
            cancellation);
        await EnsureAsync(
            "rbac.authorization.k8s.io", "rolebindings", "kube-public",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "kubeadm:bootstrap-signer-clusterinfo" },
                ["roleRef"] = new JsonObject { ["kind"] = "Role", ["name"] = "kubeadm:bootstrap-signer-clusterinfo" },
                ["subjects"] = new JsonArray(new JsonObject { ["kind"] = "User", ["name"] = "system:anonymous" }),
            },
            cancellation);
    }

    private (string Host, int Port) Address()
    {
        var address = server.Options.AdvertiseAddress ?? new Uri(server.Address).Authority;
        var colon = address.LastIndexOf(':');
        return (address[..colon], int.Parse(address[(colon + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }
}
