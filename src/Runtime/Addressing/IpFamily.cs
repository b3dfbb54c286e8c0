namespace Dpf.Runtime.Addressing;

/// <summary>A version of the Internet protocol.</summary>
public enum IpFamily
{
    /// <summary>Version 4.</summary>
    V4,

    /// <summary>Version 6.</summary>
    V6,
}

/// <summary>How others write of a family.</summary>
public static class IpFamilyExtensions
{
    extension(IpFamily family)
    {
        /// <summary>How long an address is.</summary>
        public int Bits => family == IpFamily.V4 ? 32 : 128;

        /// <summary>The last address as a number.</summary>
        public UInt128 Last => family == IpFamily.V4 ? uint.MaxValue : UInt128.MaxValue;

        /// <summary>Kubernetes' word.</summary>
        public string Kubernetes => family == IpFamily.V4 ? "IPv4" : "IPv6";
    }
}
