using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Schemas;

/// <content>Reading the <c>openAPIV3Schema</c> of a CustomResourceDefinition.</content>
public sealed partial class StructuralSchema
{
    /// <summary>Reads a schema.</summary>
    public static StructuralSchema From(JsonNode? json)
    {
        var schema = new StructuralSchema
        {
            Type = json.Text("type"),
            Format = json.Text("format"),
            Description = json.Text("description"),
            Title = json.Text("title"),
            Default = json?["default"]?.DeepClone(),
            Nullable = json.Flag("nullable"),
            Enum = json?["enum"] is JsonArray values ? [.. values.Select(v => v?.DeepClone())] : null,
            MinLength = json.Number("minLength"),
            MaxLength = json.Number("maxLength"),
            Pattern = json.Text("pattern"),
            Minimum = json.At("minimum")?.GetValue<double>(),
            Maximum = json.At("maximum")?.GetValue<double>(),
            ExclusiveMinimum = json.Flag("exclusiveMinimum"),
            ExclusiveMaximum = json.Flag("exclusiveMaximum"),
            MultipleOf = json.At("multipleOf")?.GetValue<double>(),
            MinItems = json.Number("minItems"),
            MaxItems = json.Number("maxItems"),
            MinProperties = json.Number("minProperties"),
            MaxProperties = json.Number("maxProperties"),
            PreserveUnknownFields = json.Flag("x-kubernetes-preserve-unknown-fields"),
            IntOrString = json.Flag("x-kubernetes-int-or-string"),
            EmbeddedResource = json.Flag("x-kubernetes-embedded-resource"),
            ListType = json.Text("x-kubernetes-list-type"),
            ListMapKeys = [.. json.Texts("x-kubernetes-list-map-keys")],
            MapType = json.Text("x-kubernetes-map-type"),
            Required = [.. json.Texts("required")],
            AllOf = [.. json.Objects("allOf").Select(From)],
            AnyOf = [.. json.Objects("anyOf").Select(From)],
            OneOf = [.. json.Objects("oneOf").Select(From)],
            Not = json.At("not") is { } not ? From(not) : null,
            Items = json.At("items") is JsonObject items ? From(items) : null,
            AdditionalProperties = json.At("additionalProperties") switch
            {
                JsonObject map => From(map),
                JsonValue any when any.TryGetValue<bool>(out var allowed) && allowed => new() { PreserveUnknownFields = true },
                _ => null,
            },
            Validations =
            [
                .. json.Objects("x-kubernetes-validations").Select(v => new ValidationRule(v.Text("rule") ?? "")
                {
                    Message = v.Text("message"),
                    MessageExpression = v.Text("messageExpression"),
                    Reason = v.Text("reason"),
                    FieldPath = v.Text("fieldPath"),
                }),
            ],
        };
        if (json.At("properties") is JsonObject properties)
        {
            foreach (var (name, property) in properties)
            {
                schema.Properties[name] = From(property);
            }
        }

        return schema;
    }
}
