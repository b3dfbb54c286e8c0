using Dpf.Runtime.Clusters;

namespace Dpf.Lab.Topologies;

/// <summary>
/// The name server that the guide expects in the cluster: on control-plane nodes only. It is what a cluster's installer brings, so it
/// waits for the network like any pod.
/// </summary>
internal static class ClusterDns
{
    private const string Yaml = """
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: cluster-dns
          namespace: kube-system
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: system:cluster-dns
        rules:
        - apiGroups: [""]
          resources: [services, pods, namespaces]
          verbs: [list, watch]
        - apiGroups: [discovery.k8s.io]
          resources: [endpointslices]
          verbs: [list, watch]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: system:cluster-dns
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: system:cluster-dns
        subjects:
        - kind: ServiceAccount
          name: cluster-dns
          namespace: kube-system
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: kube-dns
          namespace: kube-system
          labels:
            k8s-app: kube-dns
        spec:
          clusterIP: ADDRESS
          selector:
            k8s-app: kube-dns
          ports:
          - name: dns
            port: 53
            protocol: UDP
          - name: dns-tcp
            port: 53
            protocol: TCP
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: cluster-dns
          namespace: kube-system
          labels:
            k8s-app: kube-dns
        spec:
          replicas: 1
          selector:
            matchLabels:
              k8s-app: kube-dns
          template:
            metadata:
              labels:
                k8s-app: kube-dns
            spec:
              serviceAccountName: cluster-dns
              priorityClassName: system-cluster-critical
              dnsPolicy: Default
              nodeSelector:
                node-role.kubernetes.io/control-plane: ""
              tolerations:
              - key: node-role.kubernetes.io/control-plane
                operator: Exists
                effect: NoSchedule
              containers:
              - name: cluster-dns
                image: nvcr.io/nvidia/doca/ovn-kubernetes:v24.10.0
                command: [dpf, run, cluster-dns]
                ports:
                - name: dns
                  containerPort: 53
                  protocol: UDP
                - name: dns-tcp
                  containerPort: 53
                  protocol: TCP
                readinessProbe:
                  tcpSocket:
                    port: dns-tcp
                  periodSeconds: 5
        """;

    /// <summary>Installs it.</summary>
    public static async Task InstallAsync(KubeClient admin, string address, CancellationToken cancellation)
    {
        foreach (var manifest in Manifests.Parse(Yaml.Replace("ADDRESS", address, StringComparison.Ordinal), "cluster-dns"))
        {
            await admin.ApplyAsync(manifest, "kubeadm", cancellation);
        }
    }
}
