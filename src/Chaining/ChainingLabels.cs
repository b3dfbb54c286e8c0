namespace Dpf.Chaining;

/// <summary>Labels and annotations that sets, agents and services share.</summary>
public static class ChainingLabels
{
    /// <summary>The API group.</summary>
    public const string Group = "svc.dpu.nvidia.com";

    /// <summary>On interfaces and chains: the node they are for.</summary>
    public const string Node = Group + "/nodeName";

    /// <summary>A finalizer that agents before ours left on interfaces. Ours needs none: what is not wanted any more goes with its next look.</summary>
    public const string FormerFinalizer = Group + "/ServiceInterface-finalizer";

    /// <summary>On a service's pods: the service.</summary>
    public const string Service = Group + "/service";

    /// <summary>On an interface of a service: the service.</summary>
    public const string ServiceId = Group + "/service-id";

    /// <summary>On an interface: the chain that it is a port of.</summary>
    public const string Chain = Group + "/service-chain";

    /// <summary>On an interface or chain, as an annotation: what the node's agent made of it.</summary>
    public const string Report = Group + "/report";

    /// <summary>On a pod: the networks that it asks for.</summary>
    public const string Networks = "k8s.v1.cni.cncf.io/networks";

    /// <summary>On a pod: the networks that it asked for before pools were added to them.</summary>
    public const string OwnNetworks = Group + "/own-networks";
}
