using System.Text.Json.Nodes;
using Dpf.Cli.Views;
using Dpf.Guide.Describing;
using Spectre.Console;

namespace Dpf.Cli.Tests;

public sealed class TreeViewTests
{
    [Fact]
    public void ATreeFitsTheTerminalAndSaysWhyAndWhatNext()
    {
        var pod = Node("Pod", "ns", "a-pod-with-a-name-that-is-much-longer-than-any-terminal-has-room-for", new Standing(StandingKind.Failed, "CrashLoopBackOff", "exited with 1"), "kubectl logs [x]");
        var root = Node("DPUService", "ns", "svc", new Standing(StandingKind.InProgress, "ApplicationsReady Pending", "hidden, because the cause is below"), null, pod, Node("Application", "argo", "app", new Standing(StandingKind.Ready, "Synced, Healthy"), null));
        var shown = Render(root, width: 70, conditions: false);
        Assert.All(shown.Split('\n'), line => Assert.True(line.Length <= 70, line));
        Assert.Equal(
            """
            DPUService ns/svc                           … ApplicationsReady Pend…
            ├─ Pod a-pod-with-a-name-that-is-much-lon…  ✗ CrashLoopBackOff
            │     why: exited with 1
            │     next: kubectl logs [x]
            └─ Application argo/app                     ✓ Synced, Healthy

            """,
            shown);
    }

    [Fact]
    public void AllConditionsAreShownWhenAskedFor()
    {
        var node = Node("DPU", "ns", "d", new Standing(StandingKind.Ready, "Ready"), null) with
        {
            Conditions = [new Condition("Ready", "True", "Success", ""), new Condition("Rebooted", "False", "Waiting", "for the host")],
        };
        Assert.Equal("DPU ns/d  ✓ Ready\n   + Ready True: Success\n   - Rebooted False: Waiting for the host\n", Render(node, width: 100, conditions: true));
    }

    private static ObjectNode Node(string kind, string ns, string name, Standing standing, string? next, params ObjectNode[] children) => new(
        new ClusterObject(null, new JsonObject { ["kind"] = kind, ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = name } }), standing, [], next, children);

    private static string Render(ObjectNode root, int width, bool conditions)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = width;
        new TreeView(console, conditions).Write([root]);
        return string.Join('\n', text.ToString().Split('\n').Select(line => line.TrimEnd()));
    }
}
