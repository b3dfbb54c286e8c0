using Dpf.Runtime.Admission;

namespace Dpf.Provisioning.Admission;

/// <summary>What is wrong with an object, for which it is refused, and what its author is told although it is not: each with the path of the field.</summary>
internal sealed class FieldErrors
{
    private readonly List<string> _errors = [];
    private readonly List<string> _warnings = [];

    /// <summary>What is wrong.</summary>
    public IReadOnlyList<string> All => _errors;

    /// <summary>What the author should know.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Notes what is wrong with a field, and what to do.</summary>
    public void Add(string path, string message) => _errors.Add($"{path}: {message}");

    /// <summary>Notes what the author of a field should know.</summary>
    public void Warn(string path, string message) => _warnings.Add($"{path}: {message}");

    /// <summary>Forgives what was stored so before: it must not hold up the changes of controllers, or of who mends something else.</summary>
    public FieldErrors Without(FieldErrors before)
    {
        _errors.RemoveAll(before._errors.Contains);
        return this;
    }

    /// <summary>Lets the object pass, or refuses it.</summary>
    public AdmissionAnswer Answer(string kind, string? name) => _errors.Count == 0
        ? AdmissionAnswer.Warn(_warnings)
        : AdmissionAnswer.Deny($"{kind}.{ProvisioningLabels.ApiGroup} \"{name}\" is invalid: {string.Join("; ", _errors)}", 422);
}
