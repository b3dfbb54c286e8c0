using Dpf.Runtime.Machines;

namespace Dpf.Ovn.Node.Daemons;

/// <summary>
/// The file of an OVN database, on the machine's disk: its rows outlive the pod, and with them the flows. Nothing in it is the only
/// copy: whatever cannot be read is put aside, and the zone's controller fills an empty database from the API server.
/// </summary>
internal static class DatabaseFile
{
    /// <summary>Makes the file one that the server can serve.</summary>
    /// <exception cref="MachineCommandException">The disk refuses.</exception>
    public static async Task PrepareAsync(IMachine machine, string path, string schema, CancellationToken cancellation)
    {
        var here = machine.Path(path);
        if (File.Exists(here))
        {
            var needs = await machine.RunAsync(new MachineCommand("ovsdb-tool", "needs-conversion", path, schema), cancellation);
            var isWhole = needs.Succeeded &&
                (await machine.RunAsync(new MachineCommand("ovsdb-tool", "compact", path), cancellation)).Succeeded;
            var converts = isWhole && needs.Output.Trim() == "yes";
            if (isWhole && (!converts ||
                (await machine.RunAsync(new MachineCommand("ovsdb-tool", "convert", path, schema), cancellation)).Succeeded))
            {
                return;
            }

            // For whoever wants to know what happened to it; only the last one is kept.
            File.Move(here, here + ".broken", overwrite: true);
        }

        await machine.ExecuteAsync(cancellation, "ovsdb-tool", "create", path, schema);
    }
}
