using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Serving;

/// <summary>One reason of a refusal.</summary>
public sealed record StatusCause(string Reason, string Message, string? Field = null);

/// <summary>A request that fails with a <c>Status</c> body.</summary>
public class ApiException : Exception
{
    /// <summary>A failure with an HTTP code, a reason (or none) and a text.</summary>
    public ApiException(int code, string? reason, string message)
        : base(message)
    {
        Code = code;
        Reason = reason;
    }

    /// <summary>The HTTP status.</summary>
    public int Code { get; }

    /// <summary>The reason in one word.</summary>
    public string? Reason { get; }

    /// <summary>Whether the body has details at all.</summary>
    public bool HasDetails { get; init; }

    /// <summary>The object's name.</summary>
    public string? Name { get; init; }

    /// <summary>The group.</summary>
    public string? Group { get; init; }

    /// <summary>The resource, or the kind.</summary>
    public string? Kind { get; init; }

    /// <summary>The object's uid.</summary>
    public string? Uid { get; init; }

    /// <summary>Single reasons.</summary>
    public IReadOnlyList<StatusCause> Causes { get; init; } = [];

    /// <summary>When to try again.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>A token to continue a list with.</summary>
    public string? Continue { get; init; }

    /// <summary>The body.</summary>
    public JsonObject ToStatus()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = Continue is null ? new JsonObject() : new JsonObject { ["continue"] = Continue },
            ["status"] = "Failure",
            ["message"] = Message,
        };
        if (!string.IsNullOrEmpty(Reason))
        {
            status["reason"] = Reason;
        }

        var details = new JsonObject();
        Add(details, "name", Name);
        Add(details, "group", Group);
        Add(details, "kind", Kind);
        Add(details, "uid", Uid);
        if (Causes.Count > 0)
        {
            details["causes"] = new JsonArray([.. Causes.Select(ToJson)]);
        }

        if (RetryAfterSeconds is { } seconds)
        {
            details["retryAfterSeconds"] = seconds;
        }

        if (HasDetails || details.Count > 0)
        {
            status["details"] = details;
        }

        status["code"] = Code;
        return status;
    }

    private static JsonNode ToJson(StatusCause cause)
    {
        var json = new JsonObject();
        Add(json, "reason", cause.Reason);
        Add(json, "message", cause.Message);
        Add(json, "field", cause.Field);
        return json;
    }

    private static void Add(JsonObject json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json[name] = value;
        }
    }
}

/// <summary>The failures that every server of the API answers with, word for word.</summary>
public static class ApiErrors
{
    /// <summary>The object does not exist.</summary>
    public static ApiException NotFound(GroupResource resource, string name) =>
        new(404, "NotFound", $"{resource} \"{name}\" not found") { Name = name, Group = resource.Group, Kind = resource.Resource };

    /// <summary>The path is of a known version but names no resource.</summary>
    public static ApiException UnknownResource() =>
        new(404, "NotFound", "the server could not find the requested resource") { HasDetails = true };

    /// <summary>The object exists already.</summary>
    public static ApiException AlreadyExists(GroupResource resource, string name) =>
        new(409, "AlreadyExists", $"{resource} \"{name}\" already exists")
        {
            Name = name, Group = resource.Group, Kind = resource.Resource,
        };

    /// <summary>The object changed meanwhile, or a condition does not hold.</summary>
    public static ApiException Conflict(GroupResource resource, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {resource} \"{name}\": {why}")
        {
            Name = name, Group = resource.Group, Kind = resource.Resource,
        };

    /// <summary>The object changed meanwhile.</summary>
    public static ApiException Modified(GroupResource resource, string name) => Conflict(
        resource, name, "the object has been modified; please apply your changes to the latest version and try again");

    /// <summary>The request makes no sense.</summary>
    public static ApiException BadRequest(string message) => new(400, "BadRequest", message);

    /// <summary>The caller may not do it.</summary>
    public static ApiException Forbidden(GroupResource resource, string name, string why) => new(
        403,
        "Forbidden",
        name.Length == 0 ? $"{resource} is forbidden: {why}" : $"{resource} \"{name}\" is forbidden: {why}")
    {
        Name = name, Group = resource.Group, Kind = resource.Resource,
    };

    /// <summary>The caller is not known.</summary>
    public static ApiException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    /// <summary>The path does not know the method.</summary>
    public static ApiException MethodNotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource") { HasDetails = true };

    /// <summary>Something broke in here.</summary>
    public static ApiException Internal(string message) =>
        new(500, "InternalError", "Internal error occurred: " + message) { Causes = [new("", message)] };

    /// <summary>The object breaks rules.</summary>
    public static ApiException Invalid(string kind, string group, string name, IReadOnlyList<FieldError> errors)
    {
        var texts = errors.Select(e => e.ToString()).Distinct(StringComparer.Ordinal).ToList();
        var all = texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        return new ApiException(
            422, "Invalid", $"{(group.Length == 0 ? kind : kind + "." + group)} \"{name}\" is invalid: {all}")
        {
            Name = name,
            Group = group,
            Kind = kind,
            Causes = [.. errors.Select(e => new StatusCause(e.Reason, e.Body, e.Field))],
        };
    }

    /// <summary>The object breaks rules.</summary>
    public static ApiException Invalid(ResourceDefinition definition, string name, params IReadOnlyList<FieldError> errors) =>
        Invalid(definition.Kind, definition.Group, name, errors);
}

/// <summary>A field that breaks a rule.</summary>
public sealed record FieldError(string Field, string Reason, string Body)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Field}: {Body}";

    /// <summary>A field is missing.</summary>
    public static FieldError Required(string field, string detail = "") =>
        new(field, "FieldValueRequired", detail.Length == 0 ? "Required value" : "Required value: " + detail);

    /// <summary>A value is wrong.</summary>
    public static FieldError Invalid(string field, JsonNode? value, string detail) =>
        new(field, "FieldValueInvalid", $"Invalid value: {Show(value)}: {detail}");

    /// <summary>A value has the wrong type.</summary>
    public static FieldError TypeInvalid(string field, JsonNode? value, string detail) =>
        new(field, "FieldValueTypeInvalid", $"Invalid value: {Show(value)}: {detail}");

    /// <summary>A value is none of the known ones.</summary>
    public static FieldError NotSupported(string field, JsonNode? value, IEnumerable<string> supported) => new(
        field,
        "FieldValueNotSupported",
        $"Unsupported value: {Show(value)}: supported values: {string.Join(", ", supported.Order(StringComparer.Ordinal).Select(s => $"\"{s}\""))}");

    /// <summary>A value is there twice.</summary>
    public static FieldError Duplicate(string field, JsonNode? value) =>
        new(field, "FieldValueDuplicate", "Duplicate value: " + Show(value));

    /// <summary>A change is not allowed.</summary>
    public static FieldError Forbidden(string field, string detail) =>
        new(field, "FieldValueForbidden", "Forbidden: " + detail);

    /// <summary>A string is too long.</summary>
    public static FieldError TooLong(string field, long max) =>
        new(field, "FieldValueTooLong", $"Too long: may not be more than {max} byte{(max == 1 ? "" : "s")}");

    /// <summary>A list is too long.</summary>
    public static FieldError TooMany(string field, long actual, long max) => new(
        field, "FieldValueTooMany", $"Too many: {actual}: must have at most {max} item{(max == 1 ? "" : "s")}");

    /// <summary>A value names something that is not there.</summary>
    public static FieldError NotFound(string field, JsonNode? value) =>
        new(field, "FieldValueNotFound", "Not found: " + Show(value));

    internal static string Show(JsonNode? value) => value is null ? "null" : value.ToJsonString(JsonText.Relaxed);
}
