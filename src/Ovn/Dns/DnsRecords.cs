using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Dns;

/// <summary>The types of records that are known here, by their numbers (RFC 1035, 2782, 3596).</summary>
public enum DnsType
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>An IPv4 address.</summary>
    A = 1,

    /// <summary>Another name for the same.</summary>
    Cname = 5,

    /// <summary>Who speaks for a zone.</summary>
    Soa = 6,

    /// <summary>The name of an address.</summary>
    Ptr = 12,

    /// <summary>Text.</summary>
    Txt = 16,

    /// <summary>An IPv6 address.</summary>
    Aaaa = 28,

    /// <summary>Host and port of a service.</summary>
    Srv = 33,

    /// <summary>How much an answer may hold (RFC 6891).</summary>
    Opt = 41,

    /// <summary>Whatever there is.</summary>
    Any = 255,
}

/// <summary>How a question was answered.</summary>
public enum DnsCode
{
    /// <summary>The name exists.</summary>
    NoError = 0,

    /// <summary>The question makes no sense.</summary>
    FormatError = 1,

    /// <summary>Nobody could be asked.</summary>
    ServerFailure = 2,

    /// <summary>There is no such name.</summary>
    NoSuchName = 3,

    /// <summary>Not done here.</summary>
    NotImplemented = 4,

    /// <summary>Not done for this asker.</summary>
    Refused = 5,
}

/// <summary>What a name has.</summary>
/// <param name="Type">The type.</param>
public abstract record DnsData(DnsType Type);

/// <summary>An address.</summary>
public sealed record DnsAddress(IpAddress Address) : DnsData(TypeOf(Address.Family))
{
    /// <summary>The type of records of a family's addresses.</summary>
    public static DnsType TypeOf(IpFamily family) => family == IpFamily.V4 ? DnsType.A : DnsType.Aaaa;
}

/// <summary>Another name.</summary>
public sealed record DnsAlias(string Target) : DnsData(DnsType.Cname);

/// <summary>The name of an address.</summary>
public sealed record DnsPointer(string Target) : DnsData(DnsType.Ptr);

/// <summary>Text.</summary>
public sealed record DnsText(string Text) : DnsData(DnsType.Txt);

/// <summary>Host and port of a service.</summary>
public sealed record DnsService(ushort Port, string Target) : DnsData(DnsType.Srv);

/// <summary>Who speaks for a zone; how long what is not there stays so.</summary>
public sealed record DnsAuthority(string Server, uint Serial, uint NegativeSeconds) : DnsData(DnsType.Soa);

/// <summary>A record.</summary>
/// <param name="Name">The name, in lower case and without the last dot.</param>
/// <param name="Data">What it has.</param>
/// <param name="Seconds">How long that may be believed.</param>
public sealed record DnsRecord(string Name, DnsData Data, uint Seconds);

/// <summary>A question.</summary>
/// <param name="Name">The name, in lower case and without the last dot.</param>
/// <param name="Type">What is asked for.</param>
public sealed record DnsQuestion(string Name, DnsType Type);

/// <summary>An answer.</summary>
/// <param name="Code">How it went.</param>
/// <param name="Answers">The records.</param>
/// <param name="Authority">Who says that there are none.</param>
public sealed record DnsAnswer(DnsCode Code, IReadOnlyList<DnsRecord> Answers, DnsRecord? Authority = null);
