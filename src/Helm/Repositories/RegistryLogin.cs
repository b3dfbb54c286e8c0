using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Helm.Charts;

namespace Dpf.Helm.Repositories;

/// <summary>The logins to registries that <c>helm registry login</c>, <c>docker login</c> and <c>podman login</c> leave.</summary>
public static class RegistryLogin
{
    /// <summary>The files of logins, those of helm first.</summary>
    /// <param name="variable">The environment.</param>
    public static IEnumerable<string> Files(Func<string, string?> variable)
    {
        var home = variable("HOME") ?? "/root";
        yield return variable("HELM_REGISTRY_CONFIG") ?? Path.Combine(variable("XDG_CONFIG_HOME") ?? Path.Combine(home, ".config"), "helm/registry/config.json");
        yield return Path.Combine(variable("DOCKER_CONFIG") ?? Path.Combine(home, ".docker"), "config.json");
        yield return variable("REGISTRY_AUTH_FILE") ?? Path.Combine(variable("XDG_RUNTIME_DIR") ?? "/run", "containers/auth.json");
    }

    /// <summary>The login to a registry (<c>host[:port]</c>); null when there is none.</summary>
    /// <exception cref="ChartException">A file is no record of logins, or keeps this one elsewhere.</exception>
    public static (string User, string Password)? Find(IEnumerable<string> files, string registry) =>
        files.Where(File.Exists).Select(f => Read(File.ReadAllText(f), f, registry)).FirstOrDefault(l => l is not null);

    internal static (string User, string Password)? Read(string json, string source, string registry)
    {
        try
        {
            if (JsonNode.Parse(json)?["auths"]?[registry] is not JsonObject login)
            {
                return null;
            }

            if ((string?)login["auth"] is not { Length: > 0 } auth)
            {
                throw new ChartException(
                    $"{source}: the login to {registry} is kept by a credential store, which is not asked; run: helm registry login {registry}");
            }

            var text = Encoding.UTF8.GetString(Convert.FromBase64String(auth));
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            return colon > 0 ? (text[..colon], text[(colon + 1)..]) : throw new FormatException("no USER:PASSWORD");
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            // Its own words, which may quote what was read, are not repeated.
            throw new ChartException($"{source}: no record of logins to registries as helm and docker write it", e);
        }
    }
}
