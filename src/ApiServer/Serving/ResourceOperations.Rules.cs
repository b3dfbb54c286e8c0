using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dpf.ApiServer.BuiltIn;
using Dpf.ApiServer.Cel;
using Dpf.ApiServer.Schemas;
using Dpf.ApiServer.Strategies;

namespace Dpf.ApiServer.Serving;

/// <content>What is done to every object on its way to storage: shape, admission, rules.</content>
public sealed partial class ResourceOperations
{
    /// <summary>Refuses what has another type, prunes and fills in defaults.</summary>
    private static void Shape(ResourceDefinition definition, ResourceStrategy strategy, JsonObject value, WriteOptions options)
    {
        try
        {
            Report(options, definition, definition.IsCustom
                ? SchemaDecoding.Read(value.Map("metadata"), BuiltInSchemas.ObjectMeta, "metadata")
                : SchemaDecoding.Read(value, definition.Schema!));
        }
        catch (FormatException e)
        {
            throw ApiErrors.BadRequest($"{definition.Kind} in version \"{definition.Version}\" cannot be handled as a {definition.Kind}: {e.Message}");
        }

        if (definition is { IsCustom: true, Schema: { } schema })
        {
            SchemaDefaulting.DropNulls(value, schema);
            Report(options, definition, SchemaDefaulting.Prune(value, schema));
            SchemaDefaulting.Default(value, schema);
        }

        strategy.Default(value);
    }

    private static void Report(WriteOptions options, ResourceDefinition definition, List<string> unknown)
    {
        if (unknown.Count == 0)
        {
            return;
        }

        if (options.FieldValidation == "Strict")
        {
            var list = string.Join(", ", unknown.Select(u => $"unknown field \"{u}\""));
            throw new ApiException(400, "BadRequest", $"{definition.Kind} in version \"{definition.Version}\" cannot be handled as a {definition.Kind}: strict decoding error: {list}");
        }

        if (options.FieldValidation == "Warn")
        {
            foreach (var path in unknown)
            {
                options.Warnings.Add($"unknown field \"{path}\"");
            }
        }
    }

    private static AdmissionAttributes Attributes(
        AdmissionOperation operation, ResourceDefinition definition, string subresource, string @namespace, JsonObject? value,
        JsonObject? old, WriteOptions options) => new()
        {
            Operation = operation,
            Definition = definition,
            Subresource = subresource,
            Namespace = definition.Namespaced ? @namespace : "",
            Name = (value ?? old).Name(),
            Object = value,
            OldObject = old,
            DryRun = options.DryRun,
            User = options.User,
            Warnings = options.Warnings,
        };

    private async Task<JsonObject> AdmitAsync(
        AdmissionAttributes attributes, ResourceDefinition definition, ResourceStrategy strategy, CancellationToken cancellation)
    {
        var before = attributes.Object!;
        foreach (var admission in server.Admission)
        {
            await admission.MutateAsync(attributes, cancellation);
        }

        if (!ReferenceEquals(before, attributes.Object))
        {
            Shape(definition, strategy, attributes.Object!, new WriteOptions());
        }

        foreach (var admission in server.Admission)
        {
            await admission.ValidateAsync(attributes, cancellation);
        }

        return attributes.Object!;
    }

    private static IEnumerable<FieldError> Errors(
        ResourceDefinition definition, ResourceStrategy strategy, JsonObject value, JsonObject? old)
    {
        if (definition is { IsCustom: true, Schema: { } schema })
        {
            // Rules are written for values that fit the schema.
            var misfits = SchemaValidation.Validate(value, schema);
            foreach (var error in misfits.Count > 0 ? Ratchet.New(misfits, value, old) : CelValidation.Validate(value, old, schema))
            {
                yield return error;
            }
        }

        foreach (var error in MetadataRules.Validate(value).Concat(strategy.Validate(value, old)))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> Names(ResourceDefinition definition, ResourceStrategy strategy, JsonObject value)
    {
        var name = value.Name();
        var (rule, advice) = strategy.Names switch
        {
            NameRule.Label => (LabelName(), "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"),
            NameRule.StrictLabel => (StrictLabelName(), "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"),
            NameRule.PathSegment => (PathName(), "may not be '.', '..' or contain '/' or '%'"),
            _ => (SubdomainName(), "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"),
        };
        if (!rule.IsMatch(name) || name is "." or "..")
        {
            yield return FieldError.Invalid("metadata.name", name, advice);
        }
        else if (name.Length > strategy.LongestName)
        {
            yield return FieldError.TooLong("metadata.name", strategy.LongestName);
        }
    }

    private static void Throw(ResourceDefinition definition, JsonObject value, IReadOnlyList<FieldError> errors)
    {
        if (errors.Count > 0)
        {
            throw ApiErrors.Invalid(definition, value.Name(), errors);
        }
    }

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", RegexOptions.ExplicitCapture)]
    private static partial Regex LabelName();

    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?$", RegexOptions.ExplicitCapture)]
    private static partial Regex StrictLabelName();

    [GeneratedRegex("^[^/%]+$")]
    private static partial Regex PathName();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", RegexOptions.ExplicitCapture)]
    private static partial Regex SubdomainName();
}
