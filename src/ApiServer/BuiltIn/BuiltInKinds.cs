using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.BuiltIn;

/// <summary>The built-in resources, from the embedded table.</summary>
internal static class BuiltInKinds
{
    private static readonly string[] Review = ["create"];

    // Where the types of a group's version stand in the field table, when not at its first label.
    private static readonly Dictionary<string, string> Packages = new(StringComparer.Ordinal)
    {
        ["v1"] = "core/v1",
        ["rbac.authorization.k8s.io/v1"] = "rbac/v1",
    };

    // Kinds that clients and charts have to find, and that a server of Kubernetes heeds.
    private static readonly string[] Unheeded = ["ResourceQuota", "LimitRange", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];

    /// <summary>All definitions.</summary>
    public static IReadOnlyList<ResourceDefinition> All()
    {
        using var stream = typeof(BuiltInKinds).Assembly.GetManifestResourceStream("kinds.txt")!;
        using var reader = new StreamReader(stream);
        var schemas = new BuiltInSchemas();
        var definitions = new List<ResourceDefinition>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
            {
                definitions.Add(Read(line.Split(' '), schemas));
            }
        }

        definitions.AddRange(Reviews());
        return definitions;
    }

    private static ResourceDefinition Read(string[] words, BuiltInSchemas schemas)
    {
        var slash = words[0].IndexOf('/', StringComparison.Ordinal);
        var (group, version) = slash < 0 ? ("", words[0]) : (words[0][..slash], words[0][(slash + 1)..]);
        var package = Packages.GetValueOrDefault(words[0]) ?? $"{group.Split('.')[0]}/{version}";
        var isEvent = group == "events.k8s.io";
        return new ResourceDefinition
        {
            Group = group,
            Version = version,
            Kind = words[1],
            Plural = words[2],
            ShortNames = List(words[3]),
            Namespaced = words[4] == "n",
            Generation = words[5] switch
            {
                "s" => GenerationRule.Spec,
                "a" => GenerationRule.AllButStatus,
                "m" => GenerationRule.AllButMetadata,
                _ => GenerationRule.None,
            },
            Subresources = [.. List(words[6]).Select(Subresource), .. Handled(words[2])],
            SelectableFields = List(words[7]),
            Categories = List(words[8]),
            Schema = schemas.Of($"{package}.{words[1]}"),
            Scale = words[6].Contains("scale", StringComparison.Ordinal)
                ? new ScalePaths(".spec.replicas", ".status.replicas", ".spec.selector")
                : null,
            Caveat = Unheeded.Contains(words[1]) ? $"{words[2]} are stored, but not enforced by this API server" : null,
            StoredAs = isEvent ? new GroupResource("", "events") : null,
            StorageApiVersion = isEvent ? "v1" : null,
            FromStorage = isEvent ? EventVersions.FromCore : null,
            ToStorage = isEvent ? EventVersions.ToCore : null,
        };
    }

    private static IReadOnlyList<string> List(string word) => word == "-" ? [] : word.Split(',');

    private static SubresourceDefinition Subresource(string word)
    {
        var parts = word.Split(':');
        var name = parts[0].Split('+')[0];
        return new SubresourceDefinition
        {
            Name = name,
            Kind = name == "scale" ? "Scale" : null,
            Group = name == "scale" ? "autoscaling" : null,
            Version = name == "scale" ? "v1" : null,
            Fields = parts.Length > 1 ? [parts[1]] : name == "finalize" ? ["spec.finalizers"] : null,
            ChangesMetadata = parts[0].EndsWith("+meta", StringComparison.Ordinal),
        };
    }

    /// <summary>Subresources that a handler serves.</summary>
    private static IEnumerable<SubresourceDefinition> Handled(string plural) => plural switch
    {
        "pods" =>
        [
            new() { Name = "binding", Kind = "Binding", Fields = ["spec.nodeName"], Verbs = Review },
            new() { Name = "eviction", Kind = "Eviction", Group = "policy", Version = "v1", Verbs = Review },
            new() { Name = "log", Verbs = ["get"] },
            new() { Name = "exec", Kind = "PodExecOptions", Verbs = ["create", "get"] },
            new() { Name = "attach", Kind = "PodAttachOptions", Verbs = ["create", "get"] },
            new() { Name = "portforward", Kind = "PodPortForwardOptions", Verbs = ["create", "get"] },
        ],
        "serviceaccounts" => [new() { Name = "token", Kind = "TokenRequest", Group = "authentication.k8s.io", Version = "v1", Verbs = Review }],
        _ => [],
    };

    private static IEnumerable<ResourceDefinition> Reviews() =>
        from review in new[]
        {
            (Group: "authentication.k8s.io", Kind: "TokenReview", Plural: "tokenreviews", Namespaced: false),
            (Group: "authentication.k8s.io", Kind: "SelfSubjectReview", Plural: "selfsubjectreviews", Namespaced: false),
            (Group: "authorization.k8s.io", Kind: "SubjectAccessReview", Plural: "subjectaccessreviews", Namespaced: false),
            (Group: "authorization.k8s.io", Kind: "SelfSubjectAccessReview", Plural: "selfsubjectaccessreviews", Namespaced: false),
            (Group: "authorization.k8s.io", Kind: "SelfSubjectRulesReview", Plural: "selfsubjectrulesreviews", Namespaced: false),
            (Group: "authorization.k8s.io", Kind: "LocalSubjectAccessReview", Plural: "localsubjectaccessreviews", Namespaced: true),
        }
        select new ResourceDefinition
        {
            Group = review.Group,
            Version = "v1",
            Kind = review.Kind,
            Plural = review.Plural,
            Namespaced = review.Namespaced,
            Verbs = Review,
            Virtual = true,
        };
}
