namespace Dpf.Lab.Kubelet;

/// <summary>Components that run as a container runtime would run them: with their own processes, mounts and privileges.</summary>
/// <param name="Folder">The folder of the program, on the machine and in containers.</param>
/// <param name="Command">What runs the program, without its arguments.</param>
/// <param name="Includes">Whether it runs a component, by its name.</param>
public sealed record IsolatedComponents(string Folder, IReadOnlyList<string> Command, Func<string, bool> Includes);
