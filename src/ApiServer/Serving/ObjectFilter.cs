using System.Text.Json;

namespace Dpf.ApiServer.Serving;

/// <summary>What a list or a watch asks for: label and field selectors, and a single name in the path.</summary>
internal sealed record ObjectFilter(LabelSelector Labels, FieldSelector Fields, string Name)
{
    public static ObjectFilter Of(ApiRequest request, ResourceDefinition definition) => new(
        LabelSelector.Parse(request.Parameter("labelSelector")),
        FieldSelector.Parse(request.Parameter("fieldSelector"), definition),
        request.Info.Name);

    public bool Matches(JsonElement root) =>
        (Name.Length == 0 || root.GetProperty("metadata").GetProperty("name").ValueEquals(Name)) &&
        (Labels.IsEmpty || Labels.Matches(root)) && (Fields.IsEmpty || Fields.Matches(root));
}
