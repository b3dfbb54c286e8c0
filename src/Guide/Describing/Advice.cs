namespace Dpf.Guide.Describing;

/// <summary>What a user can do about an object that is not as it should be.</summary>
public static class Advice
{
    /// <summary>The next step, as a sentence with a command.</summary>
    public static string For(ClusterObject value, Standing standing)
    {
        var where = value.Cluster is null ? "" : $"in DPU cluster {value.Cluster}: ";
        var ns = value.Namespace is null ? "" : $"-n {value.Namespace} ";
        if (standing.Kind == StandingKind.Terminating)
        {
            return $"{where}{(standing.Message.Length > 0 ? "see why its finalizer stays: " : "")}kubectl {ns}describe {Resource(value.Kind)} {value.Name}";
        }

        return where + value.Kind switch
        {
            "DPU" => Dpu(value.Namespace!, value.Name, standing.Text),
            "BFB" when standing.Kind == StandingKind.Failed =>
                $"see that the URL can be fetched from the management cluster (curl -I {(string?)value.Value["spec"]?["url"]}), then delete the BFB and create it anew",
            "BFB" => $"it is being fetched: kubectl {ns}logs deploy/dpf-provisioning-controller-manager | grep -i bfb",
            "DPUCluster" => $"kubectl {ns}get tenantcontrolplanes,daemonsets,services; kubectl describe dpucluster {ns}{value.Name}",
            "DPUSet" => $"no node matches its selector, or the DPUs are on their way: kubectl get nodes --show-labels; kubectl {ns}describe dpuset {value.Name}",
            "Application" => $"kubectl {ns}describe application {value.Name}; a chart that cannot be fetched is named in its conditions",
            "Deployment" or "DaemonSet" or "StatefulSet" => $"kubectl {ns}describe {Resource(value.Kind)} {value.Name}; kubectl {ns}get pods -o wide",
            "Pod" => Pod(value.Name, ns, standing),
            "Node" => $"kubectl describe node {value.Name}; on the machine: journalctl -u kubelet",
            "DPFOperatorConfig" => $"kubectl {ns}logs deploy/dpf-operator-controller-manager",
            _ => $"kubectl {ns}describe {Resource(value.Kind)} {value.Name}",
        };
    }

    private static string Dpu(string ns, string name, string phase) => phase switch
    {
        "Error" => $"mend what the message names, then go on with the failed step: kubectl -n {ns} annotate dpu {name} provisioning.dpu.nvidia.com/retry=true",
        "Node Effect" => $"the host is being drained: kubectl get nodemaintenances -A; kubectl get pods -A -o wide | grep {name.Split('-')[0]}",
        "Pending" => "it waits for its BFB: dpf describe bfb",
        "DMS Deployment" or "OS Installing" => $"kubectl -n {ns} describe pod {name}-dms; kubectl -n {ns} logs {name}-dms",
        "Rebooting" => $"the host has to restart; where automaticNodeReboot is false, restart it yourself: kubectl -n {ns} describe dpu {name}",
        "Host Network Configuration" => $"kubectl -n {ns} describe pod {name}-hostnetwork; kubectl -n {ns} logs {name}-hostnetwork",
        "DPU Cluster Config" => "the DPU has started and is to join its cluster: dpf describe dpucluster; on the DPU: journalctl -b",
        "Initializing" => $"it waits for a DPUCluster with a free place, or for the host's bridge: kubectl -n {ns} describe dpu {name}",
        _ => $"kubectl -n {ns} describe dpu {name}",
    };

    private static string Pod(string name, string ns, Standing standing) => standing.Text switch
    {
        "ImagePullBackOff" or "ErrImagePull" or "InvalidImageName" =>
            $"see that the image exists and the pull secret is right: kubectl {ns}describe pod {name}",
        "CrashLoopBackOff" => $"kubectl {ns}logs {name} --all-containers --previous",
        "Pending" => $"kubectl {ns}describe pod {name}: its last event says what it waits for",
        _ => $"kubectl {ns}describe pod {name}; kubectl {ns}logs {name} --all-containers",
    };

    private static string Resource(string kind) => kind.ToLowerInvariant();
}
