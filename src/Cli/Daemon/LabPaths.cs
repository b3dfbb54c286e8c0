namespace Dpf.Cli.Daemon;

/// <summary>Where a lab keeps what it knows. All of it is gone after <c>down</c>.</summary>
/// <param name="Root">The state folder.</param>
public sealed record LabPaths(string Root)
{
    /// <summary>The lab of this machine: <c>DPF_STATE</c>, or <c>/var/lib/dpf-lab</c>.</summary>
    public static LabPaths Default => new(Environment.GetEnvironmentVariable("DPF_STATE") is { Length: > 0 } path ? path : "/var/lib/dpf-lab");

    /// <summary>The daemon's control socket.</summary>
    public string Socket => Path.Combine(Root, "lab.sock");

    /// <summary>The admin kubeconfig of the management cluster.</summary>
    public string Kubeconfig => Path.Combine(Root, "kubeconfig");

    /// <summary>The daemon's log.</summary>
    public string Log => Path.Combine(Root, "lab.log");

    /// <summary>Locked by the <c>up</c> or <c>down</c> that runs; beside the folder, which comes and goes.</summary>
    public string Lock => Root.TrimEnd('/') + ".lock";
}
