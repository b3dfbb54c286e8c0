using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Addons.Kamaji;

/// <summary>Runs the control planes of tenants on its own machine and hands out their kubeconfigs.</summary>
/// <param name="launcher">Starts API servers.</param>
public sealed class KamajiComponent(IApiServerLauncher launcher) : IComponent
{
    private const string Manager = "kamaji";

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var tenants = new ConcurrentDictionary<NamespacedName, RunningTenant>();
        try
        {
            await AddonHost.RunAsync(
                context,
                (cache, stop) =>
                [
                    Controller.For<TenantControlPlane>(cache, "kamaji").Owns<V1Secret>()
                        .Build((key, c) => ReconcileAsync(cache, key, tenants, context, stop, c), context.Loggers, context.Time).RunAsync(stop),
                ],
                cancellation);
        }
        finally
        {
            foreach (var tenant in tenants.Values)
            {
                await tenant.DisposeAsync();
            }
        }
    }

    private async Task<Result> ReconcileAsync(
        Cache cache, NamespacedName key, ConcurrentDictionary<NamespacedName, RunningTenant> tenants, ComponentContext context,
        CancellationToken lifetime, CancellationToken cancellation)
    {
        var wanted = cache.Informer<TenantControlPlane>().Get(key.Namespace, key.Name);
        if (tenants.TryGetValue(key, out var running) && (wanted is null || wanted.IsDeleting() || running.IsOutdated(wanted)))
        {
            tenants.TryRemove(key, out _);
            await running.DisposeAsync();
            if (wanted?.Metadata.Uid != running.Uid)
            {
                running.RemoveData();
            }

            running = null;
        }

        if (wanted is null || wanted.IsDeleting())
        {
            return Result.Done;
        }

        if (wanted.Address is not { Length: > 0 } address)
        {
            await ReportAsync(cache, wanted, "NotReady", null, cancellation);
            context.Loggers.CreateLogger("kamaji").LogWarning(
                "{Tenant}: spec.networkProfile.address is not set, so nobody could reach its server", key);
            return Result.Done;
        }

        if (running is null)
        {
            await ReportAsync(cache, wanted, "Provisioning", null, cancellation);
            running = await RunningTenant.StartAsync(wanted, launcher, context, lifetime);
            tenants[key] = running;
        }

        var server = $"https://{address}:{wanted.Port}";
        await running.BootstrapAsync(server, cancellation);
        foreach (var secret in new[]
        {
            TenantObjects.Authority(wanted, running.AuthorityPem),
            TenantObjects.Admin(wanted, await AdminAsync(cache, wanted, running, server, cancellation)),
        })
        {
            await cache.Client.ApplyAsync(secret, Manager, cancellation);
        }

        await cache.Client.ApplyAsync(
            TenantObjects.Endpoint(wanted, AddonHost.Node(context), context.Required("node-ip", "NODE_IP")), Manager, cancellation);
        await ReportAsync(cache, wanted, "Ready", $"{address}:{wanted.Port}", cancellation);
        return Result.Done;
    }

    /// <summary>The kubeconfig that is there if it still fits, so that nobody's clients are renewed without need.</summary>
    private static async Task<string> AdminAsync(
        Cache cache, TenantControlPlane tenant, RunningTenant running, string server, CancellationToken cancellation)
    {
        var name = TenantObjects.AdminSecret(tenant.Metadata.Name);
        if (await cache.Client.GetAsync<V1Secret>(tenant.Metadata.NamespaceProperty, name, cancellation) is { Data: { } data } &&
            data.TryGetValue("admin.conf", out var bytes))
        {
            var text = Encoding.UTF8.GetString(bytes);
            if (KubeConnection.FromKubeconfig(text) is var known && known.CertificateAuthority == running.AuthorityPem &&
                known.Server == new Uri(server))
            {
                return text;
            }
        }

        var (certificate, key) = running.AdminCertificate;
        return TenantObjects.Kubeconfig(tenant.Metadata.Name, server, running.AuthorityPem, certificate, key);
    }

    private static async Task ReportAsync(
        Cache cache, TenantControlPlane tenant, string state, string? endpoint, CancellationToken cancellation)
    {
        var before = tenant.Status?["kubernetesResources"]?["version"];
        if ((string?)before?["status"] == state && (string?)before["version"] == tenant.Version)
        {
            return;
        }

        var status = new JsonObject
        {
            ["kubernetesResources"] = new JsonObject { ["version"] = new JsonObject { ["status"] = state, ["version"] = tenant.Version } },
        };
        if (endpoint is not null)
        {
            status["controlPlaneEndpoint"] = endpoint;
            status["kubeconfig"] = new JsonObject
            {
                ["admin"] = new JsonObject { ["secretName"] = TenantObjects.AdminSecret(tenant.Metadata.Name) },
            };
        }

        await cache.Client.PatchStatusAsync<TenantControlPlane>(
            tenant.Metadata.NamespaceProperty, tenant.Metadata.Name, new JsonObject { ["status"] = status }, cancellation);
    }
}
