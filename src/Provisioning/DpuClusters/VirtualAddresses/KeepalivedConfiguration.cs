using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Dpf.Api.Provisioning;

namespace Dpf.Provisioning.DpuClusters.VirtualAddresses;

/// <summary>The configuration of keepalived: a template for all nodes, and a node's own: pure.</summary>
internal static partial class KeepalivedConfiguration
{
    private const int MaxPriority = 254;

    /// <summary>
    /// The template. Nodes differ by <c>${ROUTER}</c>, <c>${PRIORITY}</c> and <c>${TRACK_FILE}</c>, the file that says whether the
    /// control plane answers on the node: 0, or anything else for no. Version 3 of VRRP knows parts of a second: a node that is
    /// lost is replaced in less than two.
    /// </summary>
    public static string Template(Keepalived keepalived) => string.Create(CultureInfo.InvariantCulture, $$"""
        global_defs {
            router_id ${ROUTER}
            vrrp_version 3
        }
        track_file control_plane {
            file "${TRACK_FILE}"
            weight 0
        }
        vrrp_instance dpu-cluster-control-plane {
            state BACKUP
            interface {{keepalived.Interface}}
            virtual_router_id {{keepalived.VirtualRouterId}}
            priority ${PRIORITY}
            advert_int 0.5
            virtual_ipaddress {
                {{keepalived.Vip}}
            }
            track_file {
                control_plane
            }
        }

        """);

    /// <summary>A node's configuration.</summary>
    /// <exception cref="FormatException">The template has a placeholder that is not known.</exception>
    public static string Render(string template, string router, string nodeAddress, string trackFile) => Placeholder().Replace(
        template,
        match => match.Groups["name"].Value switch
        {
            "ROUTER" => router,
            "PRIORITY" => Priority(nodeAddress).ToString(CultureInfo.InvariantCulture),
            "TRACK_FILE" => trackFile,
            var name => throw new FormatException($"keepalived's template: ${{{name}}} is not known"),
        });

    /// <summary>A node's priority: the last part of its address, so that nodes of one network differ. Equal ones are settled by address.</summary>
    internal static int Priority(string nodeAddress) => Math.Clamp((int)IPAddress.Parse(nodeAddress).GetAddressBytes()[^1], 1, MaxPriority);

    [GeneratedRegex(@"\$\{(?<name>[A-Z_]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Placeholder();
}
