using System.Text;
using Dpf.Lab.Kubelet;
using Dpf.Lab.Kubelet.Containers;
using Dpf.Lab.Kubelet.Networking;
using Dpf.Lab.Kubelet.Pods;
using Dpf.Lab.Kubelet.Serving;
using Dpf.Lab.Kubelet.Volumes;
using k8s.Models;

namespace Dpf.Lab.Tests;

public sealed class KubeletPureTests
{
    private static readonly DateTime Now = new(2025, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    [Theory]
    [InlineData("$(A) and $(B)", "1 and $(B)")]
    [InlineData("$$(A)", "$(A)")]
    [InlineData("cost $5 $(A", "cost $5 $(A")]
    public void Variables_that_are_known_are_expanded(string text, string expected) =>
        Assert.Equal(expected, VariableExpansion.Expand(text, new Dictionary<string, string> { ["A"] = "1" }));

    [Fact]
    public void Isolated_components_run_the_program_of_their_image_or_of_the_machine()
    {
        var plan = new ContainerPlan
        {
            Id = "1", Pod = Pod(), Container = Pod().Spec.Containers[0], Arguments = ["dpf", "run", "operator", "--leader-elect"],
            Environment = new Dictionary<string, string>(), Mounts = [new ContainerMount("/data", "/var/data", ReadOnly: false)], NetworkPath = null, LogPath = "/log",
        };
        var ofImage = ContainerStart.OfProduct(plan, new IsolatedComponents(_ => true) { Root = "/run/image" });
        Assert.Equal(("/run/image", "dpf run operator --leader-elect"), (ofImage.Root, string.Join(' ', ofImage.Arguments)));
        Assert.Equal(plan.Mounts, ofImage.Mounts);

        var ofMachine = ContainerStart.OfProduct(plan, new IsolatedComponents(_ => true) { Command = ["/dotnet", "/program/dpf.dll"], Folders = ["/program"] });
        Assert.Equal(("/", "/dotnet /program/dpf.dll run operator --leader-elect"), (ofMachine.Root, string.Join(' ', ofMachine.Arguments)));
        Assert.Equal([.. plan.Mounts, new ContainerMount("/program", "/program", ReadOnly: true)], ofMachine.Mounts);
    }

    [Theory]
    [InlineData(null, null, null, 0, null)]
    [InlineData(true, null, null, null, null)]
    [InlineData(true, null, 65532, 0, null)]
    [InlineData(true, 65532, null, 0, null)]
    [InlineData(true, null, null, 0, "container has runAsNonRoot and image will run as root (pod: \"p_ns(u)\", container: c)")]
    [InlineData(true, 65532, 0, 0, "container's runAsUser breaks non-root policy (pod: \"p_ns(u)\", container: c)")]
    public void Who_asks_not_to_be_root_is_not(bool? asked, int? podUser, int? user, int? imageUser, string? refusal)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "ns", Uid = "u" },
            Spec = new V1PodSpec { SecurityContext = new V1PodSecurityContext { RunAsNonRoot = asked, RunAsUser = podUser } },
        };
        var container = new V1Container { Name = "c", SecurityContext = new V1SecurityContext { RunAsUser = user } };
        Assert.Equal(refusal, RunAsNonRoot.Refusal(pod, container, imageUser));
    }

    [Fact]
    public void A_pod_waits_then_runs_then_is_through()
    {
        var pod = Pod();
        var container = pod.Spec.Containers[0];
        var waiting = ContainerStatuses.Waiting(container, null, "ContainerCreating");
        var running = ContainerStatuses.Running(container, waiting, "x", 0, Now, hasStarted: true, ready: true);
        var ended = ContainerStatuses.Terminated(container, running, "x", 0, Now, Now, null, isInit: false);
        var facts = new PodFacts { HostIp = "10.0.0.1", StartTime = Now, Containers = [waiting] };

        var pending = PodStatusReport.Compute(pod, facts, Now);
        var live = PodStatusReport.Compute(pod, facts with { Initialized = true, Sandboxed = true, Addresses = ["10.1.1.1"], Containers = [running] }, Now);
        var over = PodStatusReport.Compute(pod, facts with { Initialized = true, Finished = true, Containers = [ended] }, Now);

        Assert.Equal(("Pending", "False"), (pending.Phase, Ready(pending)));
        Assert.Equal(("Running", "True", "10.1.1.1"), (live.Phase, Ready(live), live.PodIP));
        Assert.Equal(("Succeeded", "False"), (over.Phase, Ready(over)));
    }

    [Fact]
    public void A_readiness_gate_holds_a_pod_back()
    {
        var pod = Pod();
        pod.Spec.ReadinessGates = [new V1PodReadinessGate { ConditionType = "dpf/wired" }];
        var running = ContainerStatuses.Running(
            pod.Spec.Containers[0], ContainerStatuses.Waiting(pod.Spec.Containers[0], null, "x"), "x", 0, Now, hasStarted: true, ready: true);
        var facts = new PodFacts { HostIp = "10.0.0.1", StartTime = Now, Initialized = true, Containers = [running] };

        Assert.Equal("False", Ready(PodStatusReport.Compute(pod, facts, Now)));
        pod.Status = new V1PodStatus { Conditions = [new V1PodCondition { Type = "dpf/wired", Status = "True" }] };
        Assert.Equal("True", Ready(PodStatusReport.Compute(pod, facts, Now)));
    }

    [Fact]
    public void What_ran_before_a_reboot_is_remembered_as_ended()
    {
        var container = Pod().Spec.Containers[0];
        var before = ContainerStatuses.Running(container, ContainerStatuses.Waiting(container, null, "x"), "old", 3, Now, true, true);

        var status = ContainerStatuses.Waiting(container, before, "PodInitializing");

        Assert.Equal("ContainerStatusUnknown", status.LastState.Terminated.Reason);
        Assert.Equal("runc://old", status.LastState.Terminated.ContainerID);
    }

    [Fact]
    public void A_container_gets_the_capabilities_of_its_security_context()
    {
        var capabilities = RuncConfig.Capabilities(new V1SecurityContext
        {
            Capabilities = new V1Capabilities { Drop = ["ALL"], Add = ["NET_ADMIN"] },
        });

        Assert.Equal(["CAP_NET_ADMIN"], capabilities);
        Assert.Contains("CAP_SYS_ADMIN", RuncConfig.Capabilities(new V1SecurityContext { Privileged = true }));
        Assert.DoesNotContain("CAP_NET_ADMIN", RuncConfig.Capabilities(null));
    }

    [Fact]
    public void Nobody_is_given_a_capability_that_is_not_there_to_give()
    {
        var held = LinuxCapabilities.Of(["Name:\tdotnet", "CapBnd:\t000001fffeffffff"]);

        Assert.Equal(["CAP_SYS_RESOURCE"], LinuxCapabilities.All.Except(held));
        Assert.Equal(LinuxCapabilities.All, LinuxCapabilities.Of([]));
        var pod = Pod();
        pod.Spec.Containers[0].SecurityContext = new V1SecurityContext { Privileged = true };
        Assert.Equal(held, RuncConfig.Build(Plan(pod), new Dictionary<string, string>(), held)["process"]!["capabilities"]!["effective"]!.AsArray().Select(c => (string)c!));
    }

    [Theory]
    [InlineData(false, "rprivate")]
    [InlineData(true, "rslave")]
    public void What_is_mounted_later_appears_only_where_it_was_asked_for(bool seesLater, string propagation)
    {
        var plan = Plan(Pod()) with { Mounts = [new ContainerMount("/run/netns", "/run/netns", ReadOnly: false, seesLater)] };

        var mount = RuncConfig.Build(plan, new Dictionary<string, string>(), LinuxCapabilities.All)["mounts"]!.AsArray()
            .Single(m => (string)m!["destination"]! == "/run/netns");

        Assert.Equal(["rbind", propagation, "rw"], mount!["options"]!.AsArray().Select(o => (string)o!));
    }

    [Fact]
    public void A_restart_is_counted_when_it_happens_and_the_wait_for_it_says_how_long()
    {
        var pod = Pod();
        var container = pod.Spec.Containers[0];
        var ran = ContainerStatuses.Running(container, ContainerStatuses.Waiting(container, null, "x"), "x", 2, Now, true, true);
        var ended = ContainerStatuses.Terminated(container, ran, "x", 1, Now, Now, null, isInit: false);

        var waits = ContainerStatuses.CrashLoop(pod, container, ended, TimeSpan.FromSeconds(20));

        Assert.Equal((2, "CrashLoopBackOff", 1), (waits.RestartCount, waits.State.Waiting.Reason, waits.LastState.Terminated.ExitCode));
        Assert.StartsWith($"back-off 20s restarting failed container={container.Name} pod={pod.Metadata.Name}_", waits.State.Waiting.Message, StringComparison.Ordinal);
        Assert.StartsWith("back-off 500ms ", ContainerStatuses.CrashLoop(pod, container, ended, TimeSpan.FromSeconds(0.5)).State.Waiting.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_downward_api_knows_fields_and_resources()
    {
        var pod = Pod();
        pod.Metadata.Labels = new Dictionary<string, string> { ["app"] = "x" };
        pod.Spec.Containers[0].Resources = new V1ResourceRequirements
        {
            Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1500m") },
        };
        var fields = new PodFields(pod, "10.0.0.1", ["10.1.1.1"], new Dictionary<string, string> { ["memory"] = "1Gi" });

        Assert.Equal("x", fields.Field("metadata.labels['app']"));
        Assert.Equal("app=\"x\"", fields.Field("metadata.labels"));
        Assert.Equal("10.1.1.1", fields.Field("status.podIP"));
        Assert.Equal("2", fields.Resource(new V1ResourceFieldSelector { Resource = "limits.cpu" }, pod.Spec.Containers[0]));
        Assert.Equal("1073741824", fields.Resource(new V1ResourceFieldSelector { Resource = "limits.memory" }, pod.Spec.Containers[0]));
    }

    [Fact]
    public void A_network_configuration_chains_its_plugins()
    {
        var network = CniConfiguration.Parse("""{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"a"},{"type":"b","x":1}]}""")!;

        var input = network.Input(network.Plugins[1], System.Text.Json.Nodes.JsonNode.Parse("""{"ips":[{"address":"10.1.1.1/24"}]}"""));

        Assert.Equal("""{"type":"b","x":1,"name":"n","cniVersion":"1.0.0","prevResult":{"ips":[{"address":"10.1.1.1/24"}]}}""", input.ToJsonString());
        Assert.Equal(["10.1.1.1"], CniConfiguration.Addresses(input["prevResult"]));
        Assert.Null(CniConfiguration.Parse("""{"name":"n"}"""));
    }

    [Fact]
    public void A_written_volume_changes_all_at_once_and_keeps_its_links()
    {
        var folder = Directory.CreateTempSubdirectory("dpf-volume-").FullName;
        try
        {
            AtomicFolder.Write(folder, Files(("a", "1"), ("sub/b", "2")));
            AtomicFolder.Write(folder, Files(("a", "3"), ("c", "4")));

            Assert.Equal("3", File.ReadAllText(folder + "/a"));
            Assert.Equal("4", File.ReadAllText(folder + "/c"));
            Assert.False(Path.Exists(folder + "/sub"));
            Assert.Equal("..data/a", new FileInfo(folder + "/a").LinkTarget);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_log_is_read_from_its_tail_with_stamps()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(
                file, "2025-01-01T00:00:00.0000000Z stdout F one\n2025-01-01T00:00:01.0000000Z stdout F two\nplain\n",
                TestContext.Current.CancellationToken);
            using var shown = new MemoryStream();
            var request = new LogRequest(Follow: false, Timestamps: true, Tail: 2, Since: null, Limit: null);

            await new LogReader(file, request, TimeProvider.System).CopyAsync(shown, () => true, TestContext.Current.CancellationToken);

            Assert.Equal("2025-01-01T00:00:01.000000000Z two\n2025-01-01T00:00:01.000000000Z plain\n", Encoding.UTF8.GetString(shown.ToArray()));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Dictionary<string, VolumeFile> Files(params (string Name, string Text)[] files) =>
        files.ToDictionary(f => f.Name, f => new VolumeFile(Encoding.UTF8.GetBytes(f.Text), 0x1A4));

    private static string Ready(V1PodStatus status) => status.Conditions.Single(c => c.Type == "Ready").Status;

    private static ContainerPlan Plan(V1Pod pod) => new()
    {
        Id = "x",
        Pod = pod,
        Container = pod.Spec.Containers[0],
        Arguments = ["true"],
        Environment = new Dictionary<string, string>(),
        Mounts = [],
        NetworkPath = null,
        LogPath = "/var/log/x",
    };

    private static V1Pod Pod() => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "n", Uid = "u" },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "i" }] },
    };
}
