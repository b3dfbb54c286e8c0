using System.Text;

namespace Dpf.Chaining.Agent;

/// <summary>The cookie of a chain's flows: FNV-1a over <c>namespace/name</c>.</summary>
public static class FlowCookie
{
    /// <summary>The cookie.</summary>
    public static ulong Of(string ns, string name)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes($"{ns}/{name}"))
        {
            hash = unchecked((hash ^ b) * 1099511628211UL);
        }

        return hash;
    }
}
