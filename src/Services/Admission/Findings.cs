using Dpf.Runtime.Admission;
using Dpf.Services.DpuDeployments;

namespace Dpf.Services.Admission;

/// <summary>What is wrong with an object, for which it is refused, and what its author is told although it is not.</summary>
internal sealed class Findings
{
    private readonly List<string> _errors = [];
    private readonly List<string> _warnings = [];

    /// <summary>What is wrong: each with the path of the field.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>What its author should know.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Notes what is wrong with a field, and what to do.</summary>
    public void Refuse(string path, string message) => _errors.Add($"{path}: {message}");

    /// <summary>Notes that a name which becomes the value of a label cannot be one; names of objects may be longer.</summary>
    public void RefuseUnlessLabel(string? name)
    {
        if (LabelProblem(name) is { } problem)
        {
            _errors.Add(problem);
        }
    }

    /// <summary>Why an object's name cannot be the value of a label; null when it can.</summary>
    public static string? LabelProblem(string? name) => DeploymentNames.IsLabelValue(name ?? "")
        ? null
        : $"metadata.name: '{name}' becomes the value of a label: 63 characters at most";

    /// <summary>Notes what the author should know.</summary>
    public void Warn(string message) => _warnings.Add(message);

    /// <summary>Lets the object pass, or refuses it.</summary>
    public AdmissionAnswer Answer(AdmissionRequest request) => _errors.Count == 0
        ? AdmissionAnswer.Warn(_warnings)
        : AdmissionAnswer.Deny($"{request.Kind}.svc.dpu.nvidia.com \"{request.Name}\" is invalid: {string.Join("; ", _errors)}", 422);
}
