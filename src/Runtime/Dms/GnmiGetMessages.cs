using Google.Protobuf;
using Grpc.Core;

namespace Dpf.Runtime.Dms;

/// <summary>gnmi.GetRequest (openconfig/gnmi, gnmi.proto).</summary>
/// <param name="Paths">Field 2: the paths, <c>a/b/c</c>.</param>
public sealed record GetRequest(IReadOnlyList<string> Paths)
{
    internal static Marshaller<GetRequest> Marshaller { get; } = ProtobufMarshaller.Of<GetRequest>(
        (value, output) =>
        {
            foreach (var path in value.Paths)
            {
                output.Message(2, inner => GnmiPath.Write(inner, path));
            }
        },
        input =>
        {
            var paths = new List<string>();
            input.Fields(field =>
            {
                if (field == 2)
                {
                    paths.Add(string.Join('/', GnmiPath.ReadNames(input.ReadInner())));
                }

                return field == 2;
            });
            return new GetRequest(paths);
        });
}

/// <summary>gnmi.GetResponse with values that are texts.</summary>
/// <param name="Values">notification.update (field 1, of that field 4): paths and values.</param>
public sealed record GetResponse(IReadOnlyList<KeyValuePair<string, string>> Values)
{
    private const int Text = 1;
    private const int Json = 10;
    private const int JsonIetf = 11;
    private const int Ascii = 12;

    internal static Marshaller<GetResponse> Marshaller { get; } = ProtobufMarshaller.Of<GetResponse>(
        (value, output) =>
        {
            foreach (var (path, text) in value.Values)
            {
                output.Message(1, notification => notification.Message(4, update =>
                {
                    update.Message(1, inner => GnmiPath.Write(inner, path));
                    update.Message(3, typed => typed.Text(Text, text));
                }));
            }
        },
        input =>
        {
            var values = new List<KeyValuePair<string, string>>();
            input.Fields(field =>
            {
                if (field != 1)
                {
                    return false;
                }

                var notification = input.ReadInner();
                notification.Fields(f =>
                {
                    if (f == 4)
                    {
                        values.Add(ReadUpdate(notification.ReadInner()));
                    }

                    return f == 4;
                });
                return true;
            });
            return new GetResponse(values);
        });

    private static KeyValuePair<string, string> ReadUpdate(CodedInputStream update)
    {
        var (path, text) = ("", "");
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
                    if (t is Text or Ascii)
                    {
                        text = typed.ReadString();
                    }
                    else if (t is Json or JsonIetf)
                    {
                        // A text in JSON is in quotes.
                        text = typed.ReadBytes().ToStringUtf8().Trim('"');
                    }

                    return t is Text or Json or JsonIetf or Ascii;
                });
            }

            return f is 1 or 3;
        });
        return KeyValuePair.Create(path, text);
    }
}
