using System.Diagnostics;
using System.Globalization;
using Dpf.Fleet;

// fleet DPUS [CLUSTERS]: from a DPUDeployment that is applied to all DPUs ready with their chains, addresses and services. Prints; asserts nothing.
var dpus = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1000;
var clusters = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : Math.Max(2, dpus / 1000);
using var loggers = Environment.GetEnvironmentVariable("FLEET_LOG") is { } file ? new Dpf.FleetBench.FileLog(file) : null;
var options = new FleetOptions { Dpus = dpus, Clusters = clusters };
await using var world = await FleetWorld.StartAsync(loggers is null ? options : options with { Loggers = loggers }, CancellationToken.None);
await world.SettleAsync(CancellationToken.None);
var process = Process.GetCurrentProcess();
var before = await Dpf.FleetBench.Requests.OfAsync(world);
var own = world.Machines.Writes;
var cpu = process.TotalProcessorTime;
var began = Stopwatch.GetTimestamp();
await world.DeployAsync(CancellationToken.None);
while (true)
{
    await Task.Delay(TimeSpan.FromSeconds(dpus / 1000.0 is var pause && pause > 1 ? pause : 1), TimeProvider.System);
    var phases = await world.PhasesAsync(CancellationToken.None);
    process.Refresh();
    Console.Error.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalSeconds,6:0.0} s  {process.WorkingSet64 >> 20} MiB  {string.Join(", ", phases.Select(p => $"{p.Value} {p.Key}"))}");
    var isLate = Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(Math.Max(20, dpus / 200));
    if (!isLate && phases.GetValueOrDefault("Ready") < dpus)
    {
        continue;
    }

    // Not before: a look at each of them costs as much as some of them do.
    var missing = await world.MissingAsync(CancellationToken.None);
    if (missing.Count == 0)
    {
        break;
    }

    Console.Error.WriteLine(string.Join('\n', missing));
    if (isLate)
    {
        Console.Error.WriteLine("given up");
        return 1;
    }
}

var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
process.Refresh();
var after = await Dpf.FleetBench.Requests.OfAsync(world);
own = world.Machines.Writes - own;
Console.WriteLine($"{dpus} DPUs over {clusters} DPU clusters");
Console.WriteLine($"  to ready          {seconds:0.0} s");
Console.WriteLine($"  processor time    {(process.TotalProcessorTime - cpu).TotalMilliseconds / dpus:0.0} ms a DPU");
Console.WriteLine($"  memory            {process.PeakWorkingSet64 >> 20} MiB at most, {(double)process.WorkingSet64 / dpus / 1024:0} KiB a DPU");
var changed = after.Select(a => (a.Key, Count: a.Value - before.GetValueOrDefault(a.Key))).Where(a => a.Count > 0).ToList();
var writes = changed.Where(c => c.Key.Split(' ')[0] is "CREATE" or "UPDATE" or "PATCH" or "DELETE" or "APPLY").Sum(c => c.Count);
Console.WriteLine($"  writes            {(double)(writes - own) / dpus:0.0} a DPU by the product, {(double)own / dpus:0.0} by the simulated machines");
var told = changed.Where(c => c.Key.StartsWith(Dpf.FleetBench.Requests.Told, StringComparison.Ordinal)).Sum(c => c.Count);
Console.WriteLine($"  reads             {(double)(changed.Sum(c => c.Count) - writes - told) / dpus:0.0} a DPU by both, and {(double)told / dpus:0.0} changes told in watches");
foreach (var (key, count) in changed.Where(c => c.Count * 20 > dpus).OrderByDescending(c => c.Count))
{
    Console.WriteLine($"    {(double)count / dpus,6:0.00} {key}");
}

return 0;
