using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Addressing;

/// <summary>How OVN and OVN-Kubernetes write families.</summary>
public static class OvnFamilies
{
    extension(IpFamily family)
    {
        /// <summary>The key in annotations that hold an address of each family.</summary>
        public string Key => family == IpFamily.V4 ? "ipv4" : "ipv6";

        /// <summary>The packets of the family in OVN's matches.</summary>
        public string Match => family == IpFamily.V4 ? "ip4" : "ip6";
    }
}

/// <summary>What OVN-Kubernetes derives from addresses.</summary>
public static class OvnAddresses
{
    extension(IpAddress address)
    {
        /// <summary>
        /// The MAC address that OVN-Kubernetes derives from an address: <c>0a:58</c>, then its four octets, or for IPv6 the first four
        /// of the SHA-256 of its text.
        /// </summary>
        public string Mac
        {
            get
            {
                var tail = address.Family == IpFamily.V4 ? address.Bytes : SHA256.HashData(Encoding.ASCII.GetBytes(address.ToString()));
                return string.Create(CultureInfo.InvariantCulture, $"0a:58:{tail[0]:x2}:{tail[1]:x2}:{tail[2]:x2}:{tail[3]:x2}");
            }
        }
    }
}

/// <summary>How OVN writes networks.</summary>
public static class OvnCidrs
{
    extension(Cidr cidr)
    {
        /// <summary>As OVN's rows write it: a single address without a length.</summary>
        public string Shortest => cidr.IsAlone ? cidr.Address.ToString() : cidr.ToString();
    }
}
