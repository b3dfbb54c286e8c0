using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Cli.Clusters;
using Dpf.Cli.Views;
using Dpf.Guide.Tracing;
using Spectre.Console;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf trace</c>.</summary>
internal static class TraceCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var from = new Argument<string>("from") { Description = "the pod that sends: NAME or NAMESPACE/NAME" };
        var to = new Argument<string>("to") { Description = "where to: a pod, a service (svc/NAME) or an address" };
        var ns = new Option<string>("--namespace", "-n") { Description = "the namespace of names without one", DefaultValueFactory = _ => "default" };
        var port = new Option<int?>("--port", "-p") { Description = "the destination port; else the service's or the pod's own, else 80" };
        var protocol = new Option<string>("--protocol") { Description = "tcp, udp or icmp", DefaultValueFactory = _ => "tcp" };
        protocol.AcceptOnlyFromAmong("tcp", "udp", "icmp");
        var six = new Option<bool>("--ipv6", "-6") { Description = "go to the IPv6 address of the pod or service that is named" };
        var output = new Option<string>("--output", "-o") { Description = "text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var kubeconfig = ChosenCluster.Option();
        var command = new Command(
            "trace", "Follow a packet hop by hop, and say where and why it would be dropped; nothing is sent. Exit code 1: it is dropped.")
        {
            from, to, ns, port, protocol, six, output, kubeconfig,
        };
        command.SetAction((result, cancellation) => ChosenCluster.UseAsync(result.GetValue(kubeconfig), async (client, clusters) =>
        {
            try
            {
                var space = result.GetValue(ns)!;
                var pod = await TraceTarget.PodAsync(client, result.GetValue(from)!, space, cancellation);
                var target = await TraceTarget.ReadAsync(
                    client, result.GetValue(to)!, space, result.GetValue(port), result.GetValue(protocol)!, result.GetValue(six), cancellation);
                var report = await new PathTracer(client, clusters).TraceAsync(pod, target, result.GetValue(protocol)!, cancellation);
                if (result.GetValue(output) == "json")
                {
                    Console.WriteLine(Json(report).ToJsonString(Indented));
                }
                else
                {
                    TraceView.Write(Terminal.Console, report);
                }

                return report.Drop is null ? 0 : 1;
            }
            catch (TraceException e)
            {
                throw new UserErrorException(e.Message, 2);
            }
        }));
        return command;
    }

    private static JsonObject Json(TraceReport report) => new()
    {
        ["from"] = report.From,
        ["to"] = report.To,
        ["arrives"] = report.Drop is null,
        ["drop"] = report.Drop,
        ["hops"] = new JsonArray([.. report.Hops.Select(hop => new JsonObject
        {
            ["kind"] = hop.Kind.ToString(),
            ["machine"] = hop.Machine,
            ["what"] = hop.What,
            ["facts"] = new JsonArray([.. hop.Facts.Select(fact => (JsonNode)fact)]),
        })]),
    };
}
