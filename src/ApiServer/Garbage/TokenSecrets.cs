using System.Text;
using Dpf.ApiServer.Authentication;
using Dpf.ApiServer.Serving;
using Dpf.ApiServer.Storage;

namespace Dpf.ApiServer.Garbage;

/// <summary>Fills secrets of type <c>kubernetes.io/service-account-token</c> with a token of the account that they name.</summary>
internal sealed class TokenSecrets(ServerComposition server, ServiceAccountTokens tokens) : IBackgroundService
{
    private static readonly GroupResource Stored = new("", "secrets");

    public async Task RunAsync(CancellationToken cancellation)
    {
        var snapshot = server.Store.List(Stored);
        foreach (var item in snapshot.Items)
        {
            await FillAsync(item, cancellation);
        }

        using var watch = server.Store.Watch(Stored, snapshot.Revision);
        while (await watch.NextAsync(cancellation) is { } change)
        {
            if (change.Type != StoreEventType.Deleted)
            {
                await FillAsync(change.Object, cancellation);
            }
        }
    }

    private async Task FillAsync(StoredObject stored, CancellationToken cancellation)
    {
        if (!stored.Root.TryGetProperty("type", out var type) || !type.ValueEquals("kubernetes.io/service-account-token"))
        {
            return;
        }

        var secret = stored.ToObject();
        var name = secret.Text("metadata", "annotations", "kubernetes.io/service-account.name") ?? "";
        var accounts = server.Registry.Find("", "v1", "serviceaccounts")!;
        if (secret.Text("data", "token") is not null || server.Objects.Find(accounts, stored.Key.Namespace, name) is not { } account)
        {
            return;
        }

        var uid = account.Text("metadata", "uid")!;
        string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        try
        {
            await server.Objects.UpdateAsync(
                server.Registry.Find("", "v1", "secrets")!, stored.Key.Namespace, stored.Key.Name, "",
                value =>
                {
                    value.Map("metadata").Remove("resourceVersion");
                    value.Map("metadata").Map("annotations")["kubernetes.io/service-account.uid"] = uid;
                    value.Map("data")["token"] = Encode(tokens.Issue(stored.Key.Namespace, name, uid, [], null));
                    value.Map("data")["ca.crt"] = Encode(server.Certificates.CaPem);
                    value.Map("data")["namespace"] = Encode(stored.Key.Namespace);
                    return value;
                },
                cancellation: cancellation);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Gone already.
        }
    }
}
