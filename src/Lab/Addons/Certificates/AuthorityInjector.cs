using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Addons.Certificates;

/// <summary>Puts a certificate's authority where <c>cert-manager.io/inject-ca-from</c> asks for it.</summary>
internal sealed class AuthorityInjector(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private const string From = "cert-manager.io/inject-ca-from";

    public IEnumerable<Task> Start(CancellationToken cancellation) =>
    [
        RunAsync<V1ValidatingWebhookConfiguration>(
            w => w.Webhooks?.Select((h, i) => ($"/webhooks/{i}/clientConfig/caBundle", (byte[]?)h.ClientConfig.CaBundle)) ?? [], cancellation),
        RunAsync<V1MutatingWebhookConfiguration>(
            w => w.Webhooks?.Select((h, i) => ($"/webhooks/{i}/clientConfig/caBundle", (byte[]?)h.ClientConfig.CaBundle)) ?? [], cancellation),
        RunAsync<V1CustomResourceDefinition>(
            d => d.Spec.Conversion?.Webhook?.ClientConfig is { } client
                ? [("/spec/conversion/webhook/clientConfig/caBundle", client.CaBundle)]
                : [],
            cancellation),
    ];

    private Task RunAsync<T>(Func<T, IEnumerable<(string Path, byte[]? Bundle)>> places, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Controller.For<T>(cache, "ca-injector")
            .Watches<V1Secret>(_ => Targets<T>())
            .Watches<Certificate>(_ => Targets<T>())
            .Build((key, stop) => InjectAsync(key, places, stop), loggers, time).RunAsync(cancellation);

    private IEnumerable<NamespacedName> Targets<T>()
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        cache.Informer<T>().All.Where(o => o.Metadata.Annotations?.ContainsKey(From) == true).Select(o => new NamespacedName(null, o.Metadata.Name));

    private async Task<Result> InjectAsync<T>(
        NamespacedName key, Func<T, IEnumerable<(string Path, byte[]? Bundle)>> places, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (cache.Informer<T>().Get(null, key.Name) is not { } target || target.IsDeleting() ||
            target.Metadata.Annotations?.TryGetValue(From, out var from) != true || from!.Split('/') is not [var ns, var name] ||
            cache.Informer<Certificate>().Get(ns, name) is not { } certificate ||
            cache.Informer<V1Secret>().Get(ns, certificate.Spec.SecretName) is not { Data: { } data } ||
            !data.TryGetValue("ca.crt", out var authority))
        {
            return Result.Done;
        }

        var missing = places(target).Where(p => p.Bundle is null || !p.Bundle.AsSpan().SequenceEqual(authority)).ToList();
        if (missing.Count == 0)
        {
            return Result.Done;
        }

        // The positions hold only as long as nobody has changed the list.
        var patch = new JsonArray(
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/resourceVersion", ["value"] = target.Metadata.ResourceVersion });
        foreach (var (path, _) in missing)
        {
            patch.Add(new JsonObject { ["op"] = "add", ["path"] = path, ["value"] = Convert.ToBase64String(authority) });
        }

        await cache.Client.SendRawAsync(
            HttpMethod.Patch, ResourceType.Of<T>().Path(null, key.Name) + "?fieldManager=cert-manager-cainjector", patch, cancellation,
            "application/json-patch+json");
        return Result.Done;
    }
}
