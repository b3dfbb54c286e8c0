using System.Text.Json.Nodes;

namespace Dpf.Runtime.Admission;

/// <summary>What an API server asks a webhook (admission.k8s.io/v1 AdmissionReview.request).</summary>
/// <param name="Operation"><c>CREATE</c>, <c>UPDATE</c>, <c>DELETE</c> or <c>CONNECT</c>.</param>
/// <param name="Kind">The object's kind.</param>
/// <param name="Namespace">Its namespace, or null.</param>
/// <param name="Name">Its name; null when it is still to be generated.</param>
/// <param name="Object">The object; null on DELETE.</param>
/// <param name="OldObject">The object before; null on CREATE.</param>
public sealed record AdmissionRequest(
    string Operation, string Kind, string? Namespace, string? Name, JsonObject? Object, JsonObject? OldObject)
{
    /// <summary>Who asks; null when the API server does not say.</summary>
    public AdmissionUser? User { get; init; }
}

/// <summary>Who asks an API server for something.</summary>
/// <param name="Name">The user's name.</param>
/// <param name="Groups">The user's groups.</param>
public sealed record AdmissionUser(string Name, IReadOnlyList<string> Groups);

/// <summary>A webhook's answer.</summary>
/// <param name="Allowed">Whether the request may go on.</param>
/// <param name="Message">Why not: what is wrong, where, and what to do.</param>
/// <param name="Code">The HTTP status of a refusal.</param>
/// <param name="Mutated">The object as it should be, for a mutating webhook; null leaves it.</param>
public sealed record AdmissionAnswer(bool Allowed, string? Message = null, int Code = 403, JsonObject? Mutated = null)
{
    /// <summary>Goes on unchanged.</summary>
    public static AdmissionAnswer Allow { get; } = new(true);

    /// <summary>What the user is told although the request goes on, each in one line; <c>kubectl</c> prints them.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Goes on, and tells the user something.</summary>
    public static AdmissionAnswer Warn(params IReadOnlyList<string> warnings) => new(true) { Warnings = warnings };

    /// <summary>Goes on as <paramref name="mutated"/>.</summary>
    public static AdmissionAnswer Mutate(JsonObject mutated) => new(true, Mutated: mutated);

    /// <summary>Refuses.</summary>
    public static AdmissionAnswer Deny(string message, int code = 403) => new(false, message, code);
}
