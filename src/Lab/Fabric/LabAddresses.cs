using System.Globalization;
using System.Net;

namespace Dpf.Lab.Fabric;

/// <summary>Who has which address in the lab.</summary>
public static class LabAddresses
{
    /// <summary>The management network.</summary>
    public const string Management = "10.0.110.0/24";

    /// <summary>The high-speed network.</summary>
    public const string HighSpeed = "10.0.123.0/24";

    /// <summary>Where load balancers have their addresses.</summary>
    public const string LoadBalancers = "10.0.124.0/24";

    /// <summary>The control-plane node.</summary>
    public const string ControlPlane = "10.0.110.1";

    /// <summary>This machine itself, as a guest on the management network.</summary>
    public const string User = "10.0.110.2";

    /// <summary>Charts, boot images and the NFS server.</summary>
    public const string Services = "10.0.110.250";

    /// <summary>The management network's router.</summary>
    public const string Router = "10.0.110.254";

    /// <summary>The high-speed network's router.</summary>
    public const string HighSpeedRouter = "10.0.123.254";

    /// <summary>A host outside of the cluster.</summary>
    public const string Outside = "198.51.100.10";

    /// <summary>The router on the way to it.</summary>
    public const string OutsideRouter = "198.51.100.1";

    /// <summary>The control-plane node's address on a dual-stack lab's management network.</summary>
    public const string ControlPlaneSix = "fd00:10:0:110::1";

    /// <summary>The management network's router there.</summary>
    public const string RouterSix = "fd00:10:0:110::fe";

    /// <summary>A dual-stack lab's high-speed network.</summary>
    public const string HighSpeedSix = "fd00:10:0:123::";

    /// <summary>Its router.</summary>
    public const string HighSpeedRouterSix = "fd00:10:0:123::fe";

    /// <summary>Where load balancers have their addresses of that family.</summary>
    public const string LoadBalancersSix = "fd00:10:0:124::/112";

    /// <summary>The host outside of a dual-stack cluster.</summary>
    public const string OutsideSix = "2001:db8:51:100::10";

    /// <summary>The router on the way to it.</summary>
    public const string OutsideRouterSix = "2001:db8:51:100::1";

    /// <summary>A worker's address on the management network.</summary>
    /// <param name="number">The worker's number, from 1.</param>
    public static string Worker(int number) => string.Create(CultureInfo.InvariantCulture, $"10.0.110.{10 + number}");

    /// <summary>The address that a worker's PF gives itself on a dual-stack lab's high-speed network (RFC 4291, appendix A).</summary>
    /// <param name="number">The worker's number, from 1.</param>
    public static string WorkerSix(int number)
    {
        var mac = Macs.Pf(number).Split(':').Select(part => Convert.ToByte(part, 16)).ToArray();
        byte[] identifier = [(byte)(mac[0] ^ 2), mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]];
        return new IPAddress([.. IPAddress.Parse(HighSpeedSix).GetAddressBytes()[..8], .. identifier]).ToString();
    }

    /// <summary>A DPU's address on the management network, which its MAC address gets from DHCP.</summary>
    /// <param name="number">The worker's number, from 1.</param>
    public static string Dpu(int number) => string.Create(CultureInfo.InvariantCulture, $"10.0.110.{20 + number}");
}
