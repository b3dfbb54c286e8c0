using System.CommandLine;
using Dpf.Cli.Clusters;
using Dpf.Cli.Daemon;
using Dpf.Cli.Views;
using Dpf.Guide;
using Dpf.Guide.Traffic;
using Dpf.Runtime.Clusters;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf traffic</c>.</summary>
internal static class TrafficCommand
{
    public static Command Create()
    {
        var defaults = new FlowOptions();
        var output = new Option<string>("--output", "-o") { Description = "text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var isShort = new Option<bool>("--short") { Description = "only the matrix that up ends with, between the guide's test pods" };
        var cases = new Option<string>("--cases", "-c") { Description = "numbers, names and ranges, e.g. 1-4,POD_TO_EXTERNAL,60", DefaultValueFactory = _ => "1-26,32-36,60-63" };
        var duration = new Option<double>("--duration") { Description = "seconds that each throughput is measured", DefaultValueFactory = _ => defaults.Duration.TotalSeconds };
        var near = new Option<string?>("--server-node") { Description = "the node of the servers; else the first worker" };
        var far = new Option<string?>("--client-node") { Description = "the node of the far clients; else the next worker" };
        var outside = new Option<string?>("--outside") { Description = "an address outside that answers pings; the lab has one" };
        var six = new Option<bool>("--ipv6", "-6") { Description = "ask everything over IPv6" };
        var image = new Option<string>("--image") { Description = "an image with a shell, curl, ping and socat", DefaultValueFactory = _ => defaults.Image };
        var keep = new Option<bool>("--keep") { Description = $"leave the namespace {FlowObjects.Namespace} behind" };
        var kubeconfig = ChosenCluster.Option();
        var command = new Command(
            "traffic",
            "Test the traffic flows, by the numbers of kubernetes-traffic-flow-tests: pods, hosts, services and policies, on one node and across; " +
            "with latency, throughput and the proof that the DPU carries them. Exit code 1: a case failed.")
        {
            cases, six, duration, output, isShort, near, far, outside, image, keep, kubeconfig,
        };
        command.SetAction((result, cancellation) => ChosenCluster.UseAsync(result.GetValue(kubeconfig), async (client, clusters) =>
        {
            var json = result.GetValue(output) == "json";
            using var lab = new LabClient(LabPaths.Default);
            var status = await lab.StatusAsync(cancellation);
            if (result.GetValue(isShort))
            {
                return await ShortAsync(client, status?.Outside ?? [], json, cancellation);
            }

            var seconds = result.GetValue(duration);
            var options = new FlowOptions
            {
                Image = result.GetValue(image)!,
                Near = result.GetValue(near),
                Far = result.GetValue(far),
                Outside = result.GetValue(outside) ?? status?.Outside.FirstOrDefault(address => AddressText.IsSix(address) == result.GetValue(six)),
                Six = result.GetValue(six),
                Duration = seconds is > 0 and <= 3600
                    ? TimeSpan.FromSeconds(seconds)
                    : throw new UserErrorException($"--duration {seconds}: give seconds between 0 and 3600", 2),
                Keep = result.GetValue(keep),
            };
            return await FlowsAsync(client, clusters, result.GetValue(cases)!, options, json, cancellation);
        }));
        return command;
    }

    private static async Task<int> FlowsAsync(
        KubeClient client, ClusterClients clusters, string selection, FlowOptions options, bool json, CancellationToken cancellation)
    {
        try
        {
            var cases = FlowCase.Parse(selection);
            var progress = new ProgressView(json ? Terminal.Error : Terminal.Console);
            var results = await new FlowTest(client, clusters, options, TimeProvider.System).RunAsync(
                cases, flow => progress.Passing(FlowView.Line(flow)), cancellation);
            progress.Passing("");
            if (json)
            {
                Console.WriteLine(FlowView.ToJson(results));
            }
            else
            {
                FlowView.Write(Terminal.Console, results);
            }

            return FlowView.IsOk(results) ? 0 : 1;
        }
        catch (FormatException e)
        {
            throw new UserErrorException(e.Message, 2);
        }
    }

    private static async Task<int> ShortAsync(KubeClient client, IReadOnlyList<string> outside, bool json, CancellationToken cancellation)
    {
        var report = new UpReport([], await new TrafficMatrix(client, TimeProvider.System).RunAsync(outside, null, cancellation));
        if (json)
        {
            Console.WriteLine(report.ToJson());
        }
        else
        {
            MatrixView.Write(Terminal.Console, report.Matrix);
        }

        return report.Ok ? 0 : 1;
    }
}
