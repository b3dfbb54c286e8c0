using System.Diagnostics;
using System.Globalization;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Zone.Applying;
using Dpf.Ovn.Zone.Planning;
using Dpf.ZoneBench;
using Microsoft.Extensions.Logging.Abstractions;

// zone [SERVICES PODS]: one zone's way from the cluster's objects to real databases that are empty, and single changes after that; without
// arguments for 1, 1,000 and 10,000 services. Prints; asserts nothing.
if (args.Length == 2)
{
    await MeasureAsync(int.Parse(args[0], CultureInfo.InvariantCulture), int.Parse(args[1], CultureInfo.InvariantCulture));
    return;
}

foreach (var (services, pods) in ((int, int)[])[(1, 250), (1000, 250), (10000, 5000)])
{
    // A process for each: the memory is its own.
    using var run = Process.Start("dotnet", [typeof(SampleCluster).Assembly.Location, $"{services}", $"{pods}"]);
    await run.WaitForExitAsync();
}

static async Task MeasureAsync(int services, int pods)
{
    using var north = await LocalDatabase.StartAsync("/usr/share/ovn/ovn-nb.ovsschema", "ovn-nbctl");
    using var south = await LocalDatabase.StartAsync("/usr/share/ovn/ovn-sb.ovsschema", "ovn-sbctl");
    await using var databases = new ZoneDatabases(() => north.Socket, () => south.Socket, TimeProvider.System, NullLogger.Instance);
    var network = ClusterNetwork.Parse("10.128.0.0/14/24", "10.96.0.0/14");
    var cluster = SampleCluster.Of(services, pods);
    Console.WriteLine($"{services} services, {pods} pods on {cluster.Nodes.Count} nodes");
    await StepAsync("from empty databases", cluster);
    await StepAsync("nothing changed", cluster);
    await StepAsync("a pod of the zone less", cluster with { Pods = [.. cluster.Pods.Skip(1)] });
    await StepAsync("the pod is back", cluster);
    await StepAsync("a service with another endpoint", cluster with { Endpoints = [.. cluster.Endpoints.Skip(1), SampleCluster.Endpoints(0, 1)] });
    await StepAsync("a service less", cluster with { Services = [.. cluster.Services.Skip(1)] });
    using var process = Process.GetCurrentProcess();
    Console.WriteLine($"  memory of the controller          {process.PeakWorkingSet64 >> 20} MiB at most");

    async Task StepAsync(string what, ClusterObjects objects)
    {
        var began = Stopwatch.GetTimestamp();
        var facts = ClusterFacts.Read("worker0", network, objects);
        var read = Stopwatch.GetElapsedTime(began);
        var changes = await databases.ApplyAsync(facts, CancellationToken.None);
        Console.WriteLine($"  {what,-32}  {Stopwatch.GetElapsedTime(began).TotalMilliseconds,8:0} ms, of it {read.TotalMilliseconds:0} reading the objects; {changes} operations");
    }
}
