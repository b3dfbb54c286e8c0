using Google.Protobuf;
using Grpc.Core;

namespace Dpf.Runtime.Dms;

/// <summary>gnmi.Path (openconfig/gnmi, gnmi.proto) as names joined by <c>/</c>.</summary>
internal static class GnmiPath
{
    /// <summary>Writes a path's elements (field 3, name field 1).</summary>
    public static void Write(CodedOutputStream output, string path)
    {
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            output.Message(3, elem => elem.Text(1, name));
        }
    }

    /// <summary>The names of a path's elements.</summary>
    public static List<string> ReadNames(CodedInputStream input)
    {
        var names = new List<string>();
        input.Fields(field =>
        {
            if (field != 3)
            {
                return false;
            }

            var inner = input.ReadInner();
            inner.Fields(f =>
            {
                if (f == 1)
                {
                    names.Add(inner.ReadString());
                }

                return f == 1;
            });
            return true;
        });
        return names;
    }
}

/// <summary>gnmi.SetRequest with updates of texts.</summary>
/// <param name="Updates">Field 4: paths (<c>a/b/c</c>) and values.</param>
public sealed record SetRequest(IReadOnlyList<KeyValuePair<string, string>> Updates)
{
    internal static Marshaller<SetRequest> Marshaller { get; } = ProtobufMarshaller.Of<SetRequest>(
        (value, output) =>
        {
            foreach (var (path, text) in value.Updates)
            {
                output.Message(4, update =>
                {
                    update.Message(1, inner => GnmiPath.Write(inner, path));
                    update.Message(3, typed => typed.Text(1, text));
                });
            }
        },
        input =>
        {
            var updates = new List<KeyValuePair<string, string>>();
            input.Fields(field =>
            {
                if (field != 4)
                {
                    return false;
                }

                var (path, text, update) = ("", "", input.ReadInner());
                update.Fields(f =>
                {
                    if (f == 1)
                    {
                        path = string.Join('/', GnmiPath.ReadNames(update.ReadInner()));
                    }
                    else if (f == 3)
                    {
                        var typed = update.ReadInner();
                        typed.Fields(t =>
                        {
                            if (t == 1)
                            {
                                text = typed.ReadString();
                            }

                            return t == 1;
                        });
                    }

                    return f is 1 or 3;
                });
                updates.Add(KeyValuePair.Create(path, text));
                return true;
            });
            return new SetRequest(updates);
        });
}

/// <summary>gnmi.SetResponse.</summary>
/// <param name="Timestamp">Field 4: nanoseconds since 1970.</param>
public sealed record SetResponse(long Timestamp)
{
    internal static Marshaller<SetResponse> Marshaller { get; } = ProtobufMarshaller.Of<SetResponse>(
        (value, output) => output.Number(4, (ulong)value.Timestamp),
        input =>
        {
            long timestamp = 0;
            input.Fields(field =>
            {
                if (field == 4)
                {
                    timestamp = input.ReadInt64();
                }

                return field == 4;
            });
            return new SetResponse(timestamp);
        });
}
