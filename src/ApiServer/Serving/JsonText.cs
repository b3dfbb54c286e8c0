using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dpf.ApiServer.Serving;

/// <summary>How JSON is written.</summary>
internal static class JsonText
{
    /// <summary>One line, no needless escapes.</summary>
    public static readonly JsonSerializerOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 512,
    };

    /// <summary>For people.</summary>
    public static readonly JsonSerializerOptions Pretty = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 512, WriteIndented = true,
    };
}
