using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Cli.Clusters;
using Dpf.Cli.Views;
using Dpf.Guide.Describing;
using Spectre.Console;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf describe</c>.</summary>
internal static class DescribeCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var what = new Argument<string?>("what") { Description = "KIND or KIND/NAME, e.g. dpu or dpuset/dpuset; everything when left out", Arity = ArgumentArity.ZeroOrOne };
        var issues = new Option<bool>("--issues") { Description = "only the branches with something that is not as it should be" };
        var conditions = new Option<bool>("--conditions") { Description = "all conditions of every object" };
        var output = new Option<string>("--output", "-o") { Description = "text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var kubeconfig = ChosenCluster.Option();
        var command = new Command(
            "describe", "Show what belongs to what, how everything stands, and what to do where it is not ready. Exit code 1: there are issues.")
        {
            what, issues, conditions, output, kubeconfig,
        };
        command.SetAction((result, cancellation) => ChosenCluster.UseAsync(result.GetValue(kubeconfig), async (client, clusters) =>
        {
            var roots = ObjectTree.Build(await Inventory.ReadAsync(client, clusters, cancellation));
            if (result.GetValue(what) is { Length: > 0 } wanted)
            {
                roots = Chosen(roots, wanted);
            }

            var shown = result.GetValue(issues) ? [.. roots.Select(root => root.OnlyIssues()).OfType<ObjectNode>()] : roots;
            var count = roots.Sum(root => root.Issues);
            if (result.GetValue(output) == "json")
            {
                Console.WriteLine(new JsonObject
                {
                    ["issues"] = count,
                    ["objects"] = new JsonArray([.. shown.Select(Json)]),
                }.ToJsonString(Indented));
            }
            else
            {
                Write(shown, roots, count, result.GetValue(conditions));
            }

            return count == 0 && roots.Count > 0 ? 0 : 1;
        }));
        return command;
    }

    private static IReadOnlyList<ObjectNode> Chosen(IReadOnlyList<ObjectNode> roots, string wanted)
    {
        var parts = wanted.Split('/', 2);
        var found = ObjectTree.Find(roots, parts[0], parts.Length == 2 ? parts[1] : null).ToList();
        return found.Count > 0 ? found : throw new UserErrorException($"there is no {wanted}; dpf describe shows what there is", 2);
    }

    private static void Write(IReadOnlyList<ObjectNode> shown, IReadOnlyList<ObjectNode> roots, int count, bool conditions)
    {
        var console = Terminal.Console;
        if (roots.Count == 0)
        {
            console.WriteLine("There is no DPF here: none of its kinds has an object. The guide's steps 2 and 3 install it.");
            return;
        }

        new TreeView(console, conditions).Write(shown);
        var all = roots.Sum(root => root.All().Count());
        console.MarkupLine(count == 0
            ? $"[green]✓[/] {all} objects, no issues"
            : $"[yellow]{count} of {all} objects are not as they should be[/]{(shown.Count < roots.Count ? "" : "; --issues shows them alone")}");
    }

    private static JsonNode Json(ObjectNode node) => new JsonObject
    {
        ["kind"] = node.Object.Kind,
        ["namespace"] = node.Object.Namespace,
        ["name"] = node.Object.Name,
        ["cluster"] = node.Object.Cluster,
        ["standing"] = node.Standing.Kind.ToString(),
        ["text"] = node.Standing.Text,
        ["message"] = node.Standing.Message,
        ["next"] = node.Next,
        ["conditions"] = new JsonArray([.. node.Conditions.Select(c => new JsonObject
        {
            ["type"] = c.Type,
            ["status"] = c.Status,
            ["reason"] = c.Reason,
            ["message"] = c.Message,
        })]),
        ["children"] = new JsonArray([.. node.Children.Select(Json)]),
    };
}
