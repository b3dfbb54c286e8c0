using Google.Protobuf;
using Grpc.Core;

namespace Dpf.Runtime.Dms;

/// <summary>
/// gnoi.os.InstallRequest (openconfig/gnoi, os/os.proto): one of a request to transfer, a piece of the image, the end of it.
/// </summary>
public sealed record InstallRequest
{
    /// <summary>transfer_request.version (field 1): the image's name; begins a transfer.</summary>
    public string? Version { get; init; }

    /// <summary>transfer_content (field 2).</summary>
    public ByteString? Content { get; init; }

    /// <summary>transfer_end (field 3).</summary>
    public bool End { get; init; }

    internal static Marshaller<InstallRequest> Marshaller { get; } = ProtobufMarshaller.Of<InstallRequest>(
        (value, output) =>
        {
            if (value.Version is { } version)
            {
                output.Message(1, inner => inner.Text(1, version));
            }
            else if (value.Content is { } content)
            {
                output.WriteTag(2, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(content);
            }
            else if (value.End)
            {
                output.Message(3, _ => { });
            }
        },
        input =>
        {
            var value = new InstallRequest();
            input.Fields(field =>
            {
                switch (field)
                {
                    case 1:
                        var inner = input.ReadInner();
                        value = value with { Version = "" };
                        inner.Fields(f =>
                        {
                            if (f == 1)
                            {
                                value = value with { Version = inner.ReadString() };
                            }

                            return f == 1;
                        });
                        return true;
                    case 2:
                        value = value with { Content = input.ReadBytes() };
                        return true;
                    case 3:
                        input.ReadBytes();
                        value = value with { End = true };
                        return true;
                    default:
                        return false;
                }
            });
            return value;
        });
}

/// <summary>What an <see cref="InstallResponse"/> says.</summary>
public enum InstallStep
{
    /// <summary>Nothing known.</summary>
    None = 0,

    /// <summary>transfer_ready (1): send the image.</summary>
    TransferReady = 1,

    /// <summary>transfer_progress (2).</summary>
    Progress = 2,

    /// <summary>validated (4): the image is there and good.</summary>
    Validated = 4,

    /// <summary>install_error (5).</summary>
    Error = 5,
}

/// <summary>gnoi.os.InstallResponse.</summary>
public sealed record InstallResponse
{
    /// <summary>Which of its messages it is.</summary>
    public InstallStep Step { get; init; }

    /// <summary>transfer_progress.bytes_received.</summary>
    public ulong BytesReceived { get; init; }

    /// <summary>validated.version, or install_error.detail.</summary>
    public string Text { get; init; } = "";

    internal static Marshaller<InstallResponse> Marshaller { get; } = ProtobufMarshaller.Of<InstallResponse>(
        (value, output) => output.Message((int)value.Step, inner =>
        {
            if (value.Step == InstallStep.Progress)
            {
                inner.Number(1, value.BytesReceived);
            }
            else
            {
                inner.Text(value.Step == InstallStep.Error ? 2 : 1, value.Text);
            }
        }),
        input =>
        {
            var value = new InstallResponse();
            input.Fields(field =>
            {
                if (field is not (1 or 2 or 4 or 5))
                {
                    return false;
                }

                value = value with { Step = (InstallStep)field };
                var inner = input.ReadInner();
                inner.Fields(f =>
                {
                    if (field == 2 && f == 1)
                    {
                        value = value with { BytesReceived = inner.ReadUInt64() };
                    }
                    else if ((field == 4 && f == 1) || (field == 5 && f == 2))
                    {
                        value = value with { Text = inner.ReadString() };
                    }
                    else
                    {
                        return false;
                    }

                    return true;
                });
                return true;
            });
            return value;
        });
}

/// <summary>gnoi.os.ActivateRequest.</summary>
/// <param name="Version">Field 1.</param>
/// <param name="NoReboot">Field 3.</param>
public sealed record ActivateRequest(string Version, bool NoReboot)
{
    internal static Marshaller<ActivateRequest> Marshaller { get; } = ProtobufMarshaller.Of<ActivateRequest>(
        (value, output) =>
        {
            output.Text(1, value.Version);
            output.Number(3, value.NoReboot ? 1UL : 0);
        },
        input =>
        {
            var value = new ActivateRequest("", false);
            input.Fields(field =>
            {
                value = field switch
                {
                    1 => value with { Version = input.ReadString() },
                    3 => value with { NoReboot = input.ReadBool() },
                    _ => value,
                };
                return field is 1 or 3;
            });
            return value;
        });
}

/// <summary>gnoi.os.ActivateResponse: activate_ok (1) or activate_error (2).</summary>
/// <param name="Error">activate_error.detail; null when it went well.</param>
public sealed record ActivateResponse(string? Error)
{
    internal static Marshaller<ActivateResponse> Marshaller { get; } = ProtobufMarshaller.Of<ActivateResponse>(
        (value, output) => output.Message(value.Error is null ? 1 : 2, inner => inner.Text(2, value.Error ?? "")),
        input =>
        {
            var value = new ActivateResponse((string?)null);
            input.Fields(field =>
            {
                if (field == 2)
                {
                    var inner = input.ReadInner();
                    value = new ActivateResponse("unspecified");
                    inner.Fields(f =>
                    {
                        if (f == 2)
                        {
                            value = new ActivateResponse(inner.ReadString());
                        }

                        return f == 2;
                    });
                }

                return field == 2;
            });
            return value;
        });
}
