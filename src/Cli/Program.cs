using System.CommandLine;
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
    PublishCommand.Create(),
    RunCommand.Create(),
    LabCommand.Create(),
};

try
{
    // Without a time to end in, a signal would end the process as it stands.
    var parsed = root.Parse(args);
    var code = await parsed.InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(20),
    });
    return parsed.Errors.Count > 0 ? 2 : code;
}
catch (Exception e) when (UserErrors.Explain(e) is { } message)
{
    await Console.Error.WriteLineAsync("dpf: " + message);
    return UserErrors.ExitCode(e);
}
