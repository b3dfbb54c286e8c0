using Dpf.Runtime.Admission;

namespace Dpf.Provisioning.Admission;

/// <summary>What is wrong with an object: each with the path of the field.</summary>
internal sealed class FieldErrors
{
    private readonly List<string> _errors = [];

    /// <summary>What is wrong.</summary>
    public IReadOnlyList<string> All => _errors;

    /// <summary>Notes what is wrong with a field, and what to do.</summary>
    public void Add(string path, string message) => _errors.Add($"{path}: {message}");

    /// <summary>Lets the object pass, or refuses it.</summary>
    public AdmissionAnswer Answer(string kind, string? name) => _errors.Count == 0
        ? AdmissionAnswer.Allow
        : AdmissionAnswer.Deny($"{kind}.{ProvisioningLabels.ApiGroup} \"{name}\" is invalid: {string.Join("; ", _errors)}", 422);
}
