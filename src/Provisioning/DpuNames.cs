using System.Security.Cryptography;
using System.Text;
using Dpf.Api.Provisioning;

namespace Dpf.Provisioning;

/// <summary>The names that derive from a DPU's own, which is also its node's name and its host name.</summary>
internal static class DpuNames
{
    /// <summary>The Secret with the certificate that provisioning shows to DMS.</summary>
    public const string ClientSecret = "dpf-provisioning-client-secret";

    /// <summary>The Issuer of both sides' certificates.</summary>
    public const string Issuer = "dpf-provisioning-issuer";

    private const int Longest = 63;

    /// <summary>The pod that runs DMS.</summary>
    public static string DmsPod(Dpu dpu) => dpu.Metadata.Name + "-dms";

    /// <summary>The pod that keeps the host's side of the DPU's network.</summary>
    public static string HostNetworkPod(Dpu dpu) => dpu.Metadata.Name + "-hostnetwork";

    /// <summary>The Certificate of DMS.</summary>
    public static string ServerCertificate(Dpu dpu) => dpu.Metadata.Name + "-dms-server-cert";

    /// <summary>The Secret with that certificate.</summary>
    public static string ServerSecret(Dpu dpu) => dpu.Metadata.Name + "-server-secret";

    /// <summary>The bf.cfg on the volume of boot images.</summary>
    public static string Configuration(Dpu dpu) => dpu.Metadata.Name + ".cfg";

    /// <summary>A DPU of a DPUSet. A name is a host name too, which has at most 63 characters: a longer one is cut, and told apart by a digest.</summary>
    public static string Dpu(string node, string pciLabel)
    {
        var name = $"{node.ToLowerInvariant()}-{pciLabel}";
        if (name.Length <= Longest)
        {
            return name;
        }

        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(node)))[..8];
        return $"{name[..(Longest - digest.Length - pciLabel.Length - 2)].TrimEnd('-', '.')}-{digest}-{pciLabel}";
    }
}
