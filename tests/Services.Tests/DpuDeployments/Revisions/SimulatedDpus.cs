using System.Globalization;
using System.Text.Json;
using Dpf.Runtime.Clusters;
using Dpf.Services.DpuDeployments;
using Dpf.Services.DpuDeployments.Revisions;
using k8s.Models;

namespace Dpf.Services.Tests.DpuDeployments.Revisions;

/// <summary>DPUs with a service whose revisions a plan rolls out: what the API server, Argo CD and kubelets would make of it.</summary>
internal sealed class SimulatedDpus
{
    private const string Service = "hbn";
    private const string Id = "dpudeployment_d_hbn";
    private readonly List<Dpu> _dpus;
    private readonly List<ServiceSlot> _slots = [];
    private int _steps;

    public SimulatedDpus(int count) => _dpus = [.. Enumerable.Range(0, count).Select(i => new Dpu($"dpu{i:00}"))];

    /// <summary>Revisions whose pods never work.</summary>
    public HashSet<string> Broken { get; } = [];

    /// <summary>Revisions whose charts cannot be deployed at all.</summary>
    public HashSet<string> Undeployable { get; } = [];

    /// <summary>DPUs that are off.</summary>
    public HashSet<string> Off { get; } = [];

    public DateTimeOffset Now { get; private set; } = DateTimeOffset.UnixEpoch.AddYears(50);

    public string? Blindness { get; set; }

    public bool IsSideBySide { get; set; } = true;

    public IReadOnlyList<ServiceSlot> Slots => _slots;

    public RevisionPlan Last { get; private set; } = null!;

    /// <summary>How many DPUs run a working pod of a revision that is not broken.</summary>
    public int Working => _dpus.Count(d => _slots.FirstOrDefault(s => s.Value == d.Slot) is { } slot && d.IsUp && !Broken.Contains(slot.Revision!));

    public int On(string slot) => _dpus.Count(d => d.Slot == slot);

    public string? SlotOf(string dpu) => _dpus.Single(d => d.Name == dpu).Slot;

    /// <summary>The DPUs' own controller insists on their labels, or no longer.</summary>
    public void LabelledBy(string? manager) => _dpus.ForEach(d => d.LabelledBy = manager);

    public void Add(string name) => _dpus.Add(new Dpu(name));

    /// <summary>Time in which pods of the DPUs' revisions start, where they can.</summary>
    public void Wait(TimeSpan time)
    {
        Now += time;
        foreach (var dpu in _dpus.Where(d => !Off.Contains(d.Name)))
        {
            dpu.IsUp = _slots.FirstOrDefault(s => s.Value == dpu.Slot) is { } slot && !Broken.Contains(slot.Revision!);
        }
    }

    /// <summary>What the controller does once for a wanted revision.</summary>
    public RevisionPlan Step(string revision)
    {
        _steps++;
        Last = RevisionPlan.Of(new ServiceRollout
        {
            Service = Service,
            ServiceId = Id,
            Revision = revision,
            IsSideBySide = IsSideBySide,
            Slots = _slots,
            Nodes = [.. _dpus.Select(Node)],
            Blindness = Blindness,
            Now = Now,
        });
        foreach (var (node, slot) in Last.Moves)
        {
            var dpu = _dpus.Single(d => d.Name == node.Node.Metadata.Name);
            (dpu.Slot, dpu.Since, dpu.IsUp) = (slot, Now, false);
        }

        _slots.RemoveAll(s => s.Value != Last.Target && Last.Kept.All(k => k.Value != s.Value));
        var old = _slots.FirstOrDefault(s => s.Value == Last.Target);
        _slots.RemoveAll(s => s.Value == Last.Target);
        _slots.Add(new ServiceSlot(
            Last.Target, DeploymentNames.DpuService(Sample.Deployment(), Service, Last.Target), revision, [], IsDeployed(Last.Target, revision), Last.Failure,
            old?.Created ?? DateTime.UnixEpoch.AddSeconds(_steps)));
        return Last;
    }

    /// <summary>Steps and time until nothing moves; the revision is there on all DPUs, or given up.</summary>
    public void Settle(string revision, Action? each = null)
    {
        for (var round = 0; round < 500; round++)
        {
            var plan = Step(revision);
            each?.Invoke();
            Wait(TimeSpan.FromSeconds(30));
            if (plan.Moves.Count == 0 && plan.Progress is null)
            {
                return;
            }

            if (plan.Moves.Count == 0 && plan.Failure is not null && plan.CheckIn is null && round > 60)
            {
                return;
            }
        }

        Assert.Fail($"it never settles: {Last.Progress}");
    }

    private bool IsDeployed(string slot, string revision) => !Undeployable.Contains(revision) &&
        (slot != DeploymentNames.AnyRevision || !Broken.Contains(revision));

    private RolloutNode Node(Dpu dpu)
    {
        var key = DeploymentNames.ServiceNodes(Service);
        return new RolloutNode(
            new NamespacedName("clusters", "c1"),
            new V1Node
            {
                Metadata = new V1ObjectMeta
                {
                    Name = dpu.Name,
                    Labels = dpu.Slot is null ? [] : new Dictionary<string, string> { [key] = dpu.Slot },
                    Annotations = new Dictionary<string, string> { [DeploymentNames.NodeSince(Service)] = dpu.Since.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) },
                    ManagedFields = dpu.LabelledBy is null ? [] :
                    [
                        new V1ManagedFieldsEntry
                        {
                            Manager = dpu.LabelledBy,
                            FieldsV1 = JsonSerializer.Deserialize<JsonElement>(
                                """{"f:metadata":{"f:labels":{"f:KEY":{}}}}""".Replace("KEY", key, StringComparison.Ordinal)),
                        },
                    ],
                },
                Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = Off.Contains(dpu.Name) ? "False" : "True" }] },
            },
            dpu.Slot is null or DeploymentNames.AnyRevision ? [] : [Pod(dpu)]);
    }

    private static V1Pod Pod(Dpu dpu) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "pod-" + dpu.Name,
            NamespaceProperty = "system",
            Labels = new Dictionary<string, string> { [DeploymentNames.PodRevision] = dpu.Slot!, [DeploymentNames.Service] = Id },
        },
        Status = new V1PodStatus
        {
            Conditions = [new V1PodCondition { Type = "Ready", Status = dpu.IsUp ? "True" : "False" }],
            ContainerStatuses = dpu.IsUp ? [] :
            [
                new V1ContainerStatus { State = new V1ContainerState { Waiting = new V1ContainerStateWaiting { Reason = "CrashLoopBackOff" } } },
            ],
        },
    };

    private sealed class Dpu(string name)
    {
        public string Name { get; } = name;

        public string? Slot { get; set; }

        public DateTimeOffset Since { get; set; }

        public bool IsUp { get; set; }

        public string? LabelledBy { get; set; }
    }
}
