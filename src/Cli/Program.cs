using System.CommandLine;
using System.CommandLine.Invocation;
using Dpf.Cli.Commands;

var root = new RootCommand(
    """
    DPF: the DOCA Platform Framework with OVN-Kubernetes offloaded to BlueField DPUs.

    Examples:
      ./dpf up                        bring up the lab, walk the guide, show the traffic matrix
      ./dpf up --output json          the same for machines
      eval "$(./dpf env)"             point kubectl of this shell at it
      ./dpf describe                  what belongs to what, how it stands, what to do next
      ./dpf trace POD svc/NAME        the way of a packet, and where it would be dropped
      ./dpf traffic                   test the traffic flows, with throughput and proof of offload
      ./dpf reboot worker1-0000-03-00 reboot a DPU under running pods
      ./dpf guide --walk              carry out the guide on a cluster of yours; without it, print its commands
      ./dpf publish oci://HOST/PATH   write the charts to a registry, for a real cluster
      ./dpf down                      tear everything down in the guide's order
    """)
{
    UpCommand.Create(),
    DownCommand.Create(),
    EnvCommand.Create(),
    DescribeCommand.Create(),
    TraceCommand.Create(),
    SupportCommand.Create(),
    TrafficCommand.Create(),
    RebootCommand.Create(),
    GuideCommand.Create(),
    PublishCommand.Create(),
    RunCommand.Create(),
    LabCommand.Create(),
};

try
{
    // Without a time to end in, a signal would end the process as it stands.
    var parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
    if (parsed.Action is ParseErrorAction)
    {
        var verb = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
        throw new UserErrorException(string.Join("\n     ", [.. parsed.Errors.Select(e => e.Message), $"./dpf {verb}--help says more"]), 2);
    }

    return await parsed.InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(20),
    });
}
catch (Exception e) when (UserErrors.Explain(e) is { } message)
{
    await Console.Error.WriteLineAsync("dpf: " + message);
    return UserErrors.ExitCode(e);
}
