using Grpc.Core;

namespace Dpf.Runtime.Dms;

/// <summary>gnoi.system.RebootStatusRequest (openconfig/gnoi, system/system.proto).</summary>
/// <param name="Subcomponents">Field 1: the names of the parts that are asked about, e.g. <c>CPU</c>.</param>
public sealed record RebootStatusRequest(IReadOnlyList<string> Subcomponents)
{
    internal static Marshaller<RebootStatusRequest> Marshaller { get; } = ProtobufMarshaller.Of<RebootStatusRequest>(
        (value, output) =>
        {
            foreach (var name in value.Subcomponents)
            {
                // types.Path: elem is field 3, its name field 1.
                output.Message(1, path => path.Message(3, elem => elem.Text(1, name)));
            }
        },
        input =>
        {
            var names = new List<string>();
            input.Fields(field =>
            {
                if (field != 1)
                {
                    return false;
                }

                names.AddRange(GnmiPath.ReadNames(input.ReadInner()));
                return true;
            });
            return new RebootStatusRequest(names);
        });
}

/// <summary>How a reboot ended (gnoi.system.RebootStatus.Status).</summary>
public enum RebootOutcome
{
    /// <summary>Not known.</summary>
    Unknown = 0,

    /// <summary>It went well.</summary>
    Success = 1,

    /// <summary>It failed and may be tried again.</summary>
    RetriableFailure = 2,

    /// <summary>It failed.</summary>
    Failure = 3,
}

/// <summary>gnoi.system.RebootStatusResponse.</summary>
/// <param name="Active">Field 1: the reboot goes on.</param>
/// <param name="Reason">Field 4.</param>
/// <param name="Outcome">status.status (field 7.1).</param>
/// <param name="Message">status.message (field 7.2).</param>
public sealed record RebootStatusResponse(bool Active, string Reason, RebootOutcome Outcome, string Message)
{
    internal static Marshaller<RebootStatusResponse> Marshaller { get; } = ProtobufMarshaller.Of<RebootStatusResponse>(
        (value, output) =>
        {
            output.Number(1, value.Active ? 1UL : 0);
            output.Text(4, value.Reason);
            output.Message(7, inner =>
            {
                inner.Number(1, (ulong)value.Outcome);
                inner.Text(2, value.Message);
            });
        },
        input =>
        {
            var value = new RebootStatusResponse(false, "", RebootOutcome.Unknown, "");
            input.Fields(field =>
            {
                switch (field)
                {
                    case 1:
                        value = value with { Active = input.ReadBool() };
                        return true;
                    case 4:
                        value = value with { Reason = input.ReadString() };
                        return true;
                    case 7:
                        var inner = input.ReadInner();
                        inner.Fields(f =>
                        {
                            value = f switch
                            {
                                1 => value with { Outcome = (RebootOutcome)inner.ReadInt32() },
                                2 => value with { Message = inner.ReadString() },
                                _ => value,
                            };
                            return f is 1 or 2;
                        });
                        return true;
                    default:
                        return false;
                }
            });
            return value;
        });
}
