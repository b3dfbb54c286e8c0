using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Operator.Inventory;
using Dpf.Runtime.Clusters;

namespace Dpf.Operator.Applying;

/// <summary>
/// A component's objects as one set (after KEP-3659): applied together, and what a later version of the set no longer holds is
/// deleted. A Secret without data is the set's parent and carries the inventory.
/// </summary>
/// <param name="client">The management cluster.</param>
/// <param name="component">The component.</param>
/// <param name="ns">The namespace of the parent.</param>
public sealed class ApplySet(KubeClient client, string component, string ns)
{
    private const string FieldManager = "dpfoperatorconfig-controller";
    private const string InventoryAnnotation = "applyset.kubernetes.io/inventory";
    private const string ToolingAnnotation = "applyset.kubernetes.io/tooling";
    private const string Tooling = "dpf-operator/v0";

    /// <summary>The parent's name.</summary>
    public string ParentName { get; } = component + "-applyset";

    /// <summary>The set's id: a digest of the parent's name, namespace, kind and (empty) group.</summary>
    public string Id => "applyset-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{ParentName}.{ns}.Secret.")))
        .TrimEnd('=').Replace('+', '-').Replace('/', '_') + "-v1";

    /// <summary>Makes the cluster hold exactly these objects of the component.</summary>
    /// <exception cref="KubeException">
    /// An object was refused: those after it are not applied, none is deleted. Or a deletion was: the others are asked for all the same.
    /// </exception>
    public async Task ApplyAsync(IReadOnlyList<JsonObject> objects, CancellationToken cancellation)
    {
        var members = objects.Select(Member.Of).ToHashSet();
        var parent = await client.GetAsync("v1", "Secret", ns, ParentName, cancellation);
        var known = Inventory(parent);
        if (objects.Count == 0 && parent is null)
        {
            return;
        }

        // What is about to be applied is in the inventory before it is: an interruption leaves nothing behind unseen.
        if (!members.IsSubsetOf(known))
        {
            await SaveAsync(known.Union(members), cancellation);
        }

        foreach (var value in objects)
        {
            var labelled = value.DeepClone().AsObject();
            labelled["metadata"]!["labels"]![ApplySetLabels.PartOf] = Id;
            await client.ApplyAsync(labelled, FieldManager, cancellation);
        }

        await DeleteAsync(known.Except(members), cancellation);
        if (objects.Count == 0)
        {
            await client.DeleteAsync("v1", "Secret", ns, ParentName, cancellation);
        }
        else if (!known.SetEquals(members))
        {
            await SaveAsync(members, cancellation);
        }
    }

    /// <summary>Deletes the component's objects; true once all are gone.</summary>
    public async Task<bool> DeleteAsync(CancellationToken cancellation)
    {
        var isGone = await DeleteAsync(Inventory(await client.GetAsync("v1", "Secret", ns, ParentName, cancellation)), cancellation);
        if (isGone)
        {
            await client.DeleteAsync("v1", "Secret", ns, ParentName, cancellation);
        }

        return isGone;
    }

    private static HashSet<Member> Inventory(JsonObject? parent)
    {
        var text = (string?)parent?["metadata"]?["annotations"]?[InventoryAnnotation] ?? "";
        return [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Member.Parse)];
    }

    private async Task SaveAsync(IEnumerable<Member> members, CancellationToken cancellation) => await client.ApplyAsync(
        new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject
            {
                ["name"] = ParentName,
                ["namespace"] = ns,
                ["labels"] = new JsonObject { [ApplySetLabels.Id] = Id, [ApplySetLabels.Component] = component },
                ["annotations"] = new JsonObject
                {
                    [InventoryAnnotation] = string.Join(',', members.Select(m => m.ToString()).Order(StringComparer.Ordinal)),
                    [ToolingAnnotation] = Tooling,
                },
            },
        },
        FieldManager, cancellation);

    /// <summary>Asks for the end of objects, of each even when another's is refused; true when none was there.</summary>
    private async Task<bool> DeleteAsync(IEnumerable<Member> members, CancellationToken cancellation)
    {
        var isGone = true;
        var refusals = new List<KubeException>();
        foreach (var member in members.OrderBy(m => m.Turn))
        {
            try
            {
                isGone &= !await DeleteAsync(member, cancellation);
            }
            catch (KubeException e)
            {
                refusals.Add(e);
            }
        }

        return refusals switch
        {
            [] => isGone,
            [var only] => throw only,
            _ => throw new KubeException(
                refusals[0].Code, refusals[0].Reason, string.Join("; ", refusals.Select(r => r.Message)),
                string.Create(CultureInfo.InvariantCulture, $"{refusals.Count} deletions were refused")),
        };
    }

    /// <summary>Asks for the end of an object; true when it was there.</summary>
    private async Task<bool> DeleteAsync(Member member, CancellationToken cancellation)
    {
        try
        {
            var version = await PreferredVersionAsync(member.Group, cancellation);
            return version is not null &&
                await client.DeleteAsync(version, member.Kind, member.Namespace.Length == 0 ? null : member.Namespace, member.Name, cancellation);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // The kind's definition is gone, and its objects with it.
            return false;
        }
    }

    private async Task<string?> PreferredVersionAsync(string group, CancellationToken cancellation) => group.Length == 0
        ? "v1"
        : (string?)(await client.GetRawAsync("/apis/" + group, cancellation))?["preferredVersion"]?["groupVersion"];

    /// <summary>An entry of the inventory: <c>Kind.Group/Name.Namespace</c>.</summary>
    private readonly record struct Member(string Kind, string Group, string Name, string Namespace)
    {
        /// <summary>
        /// When it goes. Webhooks first: those who answer them go in the same pass, and nobody could delete what they guard. Accounts
        /// and rights last: who works still, because its own end is held up, needs them.
        /// </summary>
        public int Turn => Kind.EndsWith("WebhookConfiguration", StringComparison.Ordinal) ? 0
            : Kind == "ServiceAccount" || Group == "rbac.authorization.k8s.io" ? 2 : 1;

        public static Member Of(JsonObject value)
        {
            var version = (string)value["apiVersion"]!;
            var slash = version.IndexOf('/', StringComparison.Ordinal);
            return new(
                (string)value["kind"]!, slash < 0 ? "" : version[..slash], (string)value["metadata"]!["name"]!,
                (string?)value["metadata"]!["namespace"] ?? "");
        }

        public static Member Parse(string text)
        {
            var slash = text.IndexOf('/', StringComparison.Ordinal);
            var (kind, name) = (text[..slash], text[(slash + 1)..]);
            var dot = kind.IndexOf('.', StringComparison.Ordinal);

            // A namespace has no dot, a name may.
            var last = name.LastIndexOf('.');
            return new(kind[..dot], kind[(dot + 1)..], name[..last], name[(last + 1)..]);
        }

        public override string ToString() => $"{Kind}.{Group}/{Name}.{Namespace}";
    }
}
