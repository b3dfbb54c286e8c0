using Dpf.Helm.Repositories;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Rendering;

/// <summary>What a cluster can do, as templates ask by <c>.Capabilities</c>.</summary>
/// <param name="KubeVersion">Its version, e.g. <c>v1.32.4</c>.</param>
/// <param name="ApiVersions">Its API versions: <c>v1</c>, <c>apps/v1</c>, <c>apps/v1/Deployment</c>.</param>
public sealed record Capabilities(string KubeVersion, IReadOnlyCollection<string> ApiVersions)
{
    /// <summary>A cluster of the version that Helm assumes without one.</summary>
    public static Capabilities Default { get; } = new("v1.32.4", ["v1", "apps/v1", "batch/v1", "rbac.authorization.k8s.io/v1"]);

    internal object ToTemplate() => new Members(this);

    private sealed class Members(Capabilities capabilities) : IMembers
    {
        public string TypeName => "*chartutil.Capabilities";

        public object? Get(string name, IReadOnlyList<object?> arguments) => name switch
        {
            "KubeVersion" => new VersionMembers(capabilities.KubeVersion),
            "APIVersions" => new ApiMembers(capabilities.ApiVersions),
            "HelmVersion" => new Dictionary<string, object?>(StringComparer.Ordinal) { ["Version"] = "v3.16.4" },
            _ => throw new FunctionException($"can't evaluate field {name} in type *chartutil.Capabilities"),
        };
    }

    private sealed class VersionMembers(string version) : IMembers
    {
        public string TypeName => "chartutil.KubeVersion";

        public object? Get(string name, IReadOnlyList<object?> arguments) => name switch
        {
            "Version" or "GitVersion" or "String" => version,
            "Major" => Parsed.Major.ToString(System.Globalization.CultureInfo.InvariantCulture),
            "Minor" => Parsed.Minor.ToString(System.Globalization.CultureInfo.InvariantCulture),
            _ => throw new FunctionException($"can't evaluate field {name} in type chartutil.KubeVersion"),
        };

        private SemanticVersion Parsed => SemanticVersion.TryParse(version, out var parsed)
            ? parsed
            : throw new FunctionException($"'{version}' is no Kubernetes version");

        public override string ToString() => version;
    }

    private sealed class ApiMembers(IReadOnlyCollection<string> versions) : IMembers
    {
        public string TypeName => "chartutil.VersionSet";

        public object? Get(string name, IReadOnlyList<object?> arguments) => (name, arguments) switch
        {
            ("Has", [string version]) => versions.Contains(version),
            ("Has", _) => throw new FunctionException($"wrong number of args for Has: want 1 got {arguments.Count}"),
            _ => throw new FunctionException($"can't evaluate field {name} in type chartutil.VersionSet"),
        };

        public override string ToString() => "[" + string.Join(' ', versions) + "]";
    }
}
