using System.Text.Json;
using Dpf.Api.Provisioning;

namespace Dpf.Provisioning.Bfbs;

/// <summary>
/// The versions that a boot image carries, from the software inventory in it: JSON in the shape of a Redfish collection, whose
/// members have a name and a version.
/// </summary>
internal static class BootVersions
{
    /// <summary>Reads an inventory; null when there is none, or it names nothing known.</summary>
    public static BfbVersions? Parse(string? information)
    {
        if (information is null)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(information.TrimEnd('\0'), new JsonDocumentOptions { AllowTrailingCommas = true });
            var members = document.RootElement.TryGetProperty("Members", out var list) && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray().Where(m => m.ValueKind == JsonValueKind.Object).ToList()
                : [];
            var versions = new BfbVersions
            {
                Atf = Of(members, "BF3_ATF") ?? Of(members, "BF2_ATF"),
                Bsp = Of(members, "BF3_BSP") ?? Of(members, "BF2_BSP"),
                Doca = Doca(Of(members, "DOCA")),
                Uefi = Of(members, "BF3_UEFI") ?? Of(members, "BF2_UEFI"),
            };
            return versions is { Atf: null, Bsp: null, Doca: null, Uefi: null } ? null : versions;
        }
        catch (JsonException)
        {
            // A vendor's text in another form: the image may be good all the same.
            return null;
        }
    }

    /// <summary>DOCA's version as its documents write it: of <c>2.9.1008-1</c> that is <c>2.9.1</c>, the rest counts builds.</summary>
    internal static string? Doca(string? version) => version?.Split('-')[0].Split('.') switch
    {
        null => null,
        [{ Length: > 0 } major, { Length: > 0 } minor, [var patch, ..]] when char.IsAsciiDigit(patch) => $"{major}.{minor}.{patch}",
        _ => version,
    };

    private static string? Of(IEnumerable<JsonElement> members, string name) => members
        .Where(m => m.TryGetProperty("Name", out var n) && n.ValueKind == JsonValueKind.String && n.GetString() == name)
        .Select(m => m.TryGetProperty("Version", out var v) && v.ValueKind == JsonValueKind.String ? v.GetString()!.Trim() : "")
        .FirstOrDefault(v => v.Length > 0);
}
