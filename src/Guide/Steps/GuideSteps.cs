namespace Dpf.Guide.Steps;

/// <summary>The guide's steps as it words them. <c>docs/</c> and the tests hold them against the guide.</summary>
public static class GuideSteps
{
    private const string InstallOvn =
        "helm upgrade --install -n ovn-kubernetes ovn-kubernetes ${OVN_KUBERNETES_REPO_URL}/ovn-kubernetes-chart --version $TAG --values -";

    /// <summary>Step 1: OVN-Kubernetes as the cluster's primary CNI.</summary>
    public static GuideStep CniInstallation { get; } = new(
        "1", "CNI installation",
        [
            "kubectl create ns ovn-kubernetes",
            """kubectl -n ovn-kubernetes create secret docker-registry dpf-pull-secret --docker-server=nvcr.io --docker-username="\$oauthtoken" --docker-password=$NGC_API_KEY""",
            "envsubst < manifests/01-cni-installation/helm-values/ovn-kubernetes.yml | " + InstallOvn,
        ],
        [
            "kubectl wait --for=condition=ready nodes --all",
            "kubectl wait --for=condition=ready --namespace ovn-kubernetes pods --all --timeout=300s",
        ]);

    /// <summary>Step 2: the operator and what it needs.</summary>
    public static GuideStep OperatorInstallation { get; } = new(
        "2", "DPF Operator installation",
        [
            "kubectl create namespace dpf-operator-system",
            """kubectl -n dpf-operator-system create secret docker-registry dpf-pull-secret --docker-server=nvcr.io --docker-username="\$oauthtoken" --docker-password=$NGC_API_KEY""",
            "helm repo add jetstack https://charts.jetstack.io --force-update",
            "helm upgrade --install --create-namespace --namespace cert-manager cert-manager jetstack/cert-manager --version v1.16.1 -f ./manifests/02-dpf-operator-installation/helm-values/cert-manager.yml",
            "curl https://codeload.github.com/rancher/local-path-provisioner/tar.gz/v0.0.30 | tar -xz --strip=3 local-path-provisioner-0.0.30/deploy/chart/local-path-provisioner/",
            "kubectl create ns local-path-provisioner",
            "helm install -n local-path-provisioner local-path-provisioner ./local-path-provisioner --version 0.0.30 -f ./manifests/02-dpf-operator-installation/helm-values/local-path-provisioner.yml",
            "cat manifests/02-dpf-operator-installation/*.yaml | envsubst | kubectl apply -f -",
            "envsubst < ./manifests/02-dpf-operator-installation/helm-values/dpf-operator.yml | helm upgrade --install -n dpf-operator-system dpf-operator $REGISTRY --version=$TAG --values -",
        ],
        [
            "kubectl rollout status deployment --namespace dpf-operator-system dpf-operator-controller-manager",
            "kubectl wait --for=condition=ready --namespace dpf-operator-system pods --all",
        ]);

    /// <summary>Step 3: the DPF system and the DPU cluster.</summary>
    public static GuideStep SystemInstallation { get; } = new(
        "3", "DPF System installation",
        [
            "kubectl create ns dpu-cplane-tenant1",
            "cat manifests/03-dpf-system-installation/*.yaml | envsubst | kubectl apply -f -",
        ],
        [
            "kubectl rollout status deployment --namespace dpf-operator-system dpf-provisioning-controller-manager dpuservice-controller-manager",
            "kubectl rollout status deployment --namespace dpf-operator-system",
            "kubectl wait --for=condition=ready --namespace dpu-cplane-tenant1 dpucluster --all",
        ]);

    /// <summary>Step 4: what gives pods their virtual functions.</summary>
    public static GuideStep AcceleratedCni { get; } = new(
        "4", "Components for accelerated CNI nodes",
        [
            "helm repo add nvidia https://helm.ngc.nvidia.com/nvidia --force-update",
            "helm upgrade --no-hooks --install --create-namespace --namespace nvidia-network-operator network-operator nvidia/network-operator --version 24.7.0 -f ./manifests/04-enable-accelerated-cni/helm-values/network-operator.yml",
            "envsubst < manifests/04-enable-accelerated-cni/helm-values/ovn-kubernetes.yml | " + InstallOvn,
            "cat manifests/04-enable-accelerated-cni/*.yaml | envsubst | kubectl apply -f -",
        ],
        [
            "kubectl wait --for=condition=Ready --namespace nvidia-network-operator pods --all",
            "kubectl rollout status daemonset --namespace nvidia-network-operator kube-multus-ds sriov-network-config-daemon sriov-device-plugin",
            "kubectl rollout status deployment --namespace ovn-kubernetes ovn-kubernetes-ovn-kubernetes-resource-injector",
        ]);

    /// <summary>Step 5.1: DPUs and services by DPUSet and DPUService.</summary>
    public static GuideStep ProvisioningWithDpuServices { get; } = Provisioning(
        "5.1", "DPU provisioning and services", "05.1-dpuservice-installation",
        "kubectl wait --for=condition=ApplicationsReconciled --namespace dpf-operator-system dpuservices doca-blueman-service doca-telemetry-service");

    /// <summary>Step 5.2: the same by a DPUDeployment.</summary>
    public static GuideStep ProvisioningWithDpuDeployment { get; } = Provisioning(
        "5.2", "DPU provisioning and services by a DPUDeployment", "05.2-dpudeployment-installation",
        "kubectl wait --for=condition=ApplicationsReconciled --namespace dpf-operator-system dpuservices ovn-ovn");

    private static GuideStep Provisioning(string number, string title, string folder, string applications) => new(
        number, title,
        [
            """kubectl -n ovn-kubernetes label secret dpf-pull-secret dpu.nvidia.com/image-pull-secret="" """.Trim(),
            $"cat manifests/{folder}/*.yaml | envsubst | kubectl apply -f -",
        ],
        [
            applications,
            "kubectl wait --for=condition=ServiceInterfaceSetReconciled --namespace dpf-operator-system dpuserviceinterface --all",
            "kubectl wait --for=condition=ServiceChainSetReconciled --namespace dpf-operator-system dpuservicechain --all",
        ]);

    /// <summary>Step 6, first half: workers join and their DPUs are provisioned.</summary>
    public static GuideStep AddWorkers { get; } = new(
        "6", "Worker nodes and their DPUs",
        [],
        [
            "kubectl wait --for=condition=Ready --namespace dpf-operator-system dpu --all",
            "kubectl wait --for=condition=Ready --namespace dpf-operator-system dpuservices --all",
            "kubectl wait --for=condition=ready nodes --all",
            // Ready is what the kubelet says; only the node's DPU knows whether it connects pods.
            "kubectl wait --for=condition=NetworkUnavailable=false nodes --selector=node-role.kubernetes.io/worker",
        ]);

    /// <summary>Step 6, second half: the test pods.</summary>
    public static GuideStep TestPods { get; } = new(
        "6", "Test traffic",
        ["kubectl apply -f manifests/06-test-traffic"],
        ["kubectl wait --for=condition=ready --namespace default pods --all"]);

    /// <summary>Steps 1 to 6.</summary>
    /// <param name="provisioning">The way of step 5.</param>
    public static IReadOnlyList<GuideStep> Installation(GuideStep provisioning) =>
        [CniInstallation, OperatorInstallation, SystemInstallation, AcceleratedCni, provisioning, AddWorkers, TestPods];

    /// <summary>Step 7: everything back down, in the guide's order.</summary>
    public static IReadOnlyList<GuideStep> Deletion { get; } =
    [
        new("7", "Delete the test pods", ["kubectl delete -f manifests/06-test-traffic --wait"], []),
        new(
            "7", "Delete DPF CNI acceleration components",
            [
                "kubectl delete -f manifests/04-enable-accelerated-cni --wait",
                "helm uninstall -n nvidia-network-operator network-operator --wait",
                "envsubst < manifests/01-cni-installation/helm-values/ovn-kubernetes.yml | " + InstallOvn,
            ],
            []),
        new(
            "7", "Delete the DPF Operator system and DPF Operator",
            [
                "kubectl delete -n dpf-operator-system dpuserviceinterface p0 ovn --wait",
                "kubectl delete -n dpf-operator-system dpfoperatorconfig dpfoperatorconfig --wait",
                "helm uninstall -n dpf-operator-system dpf-operator --wait",
            ],
            []),
        new(
            "7", "Delete DPF Operator dependencies",
            [
                "helm uninstall -n local-path-provisioner local-path-provisioner --wait",
                "kubectl delete ns local-path-provisioner --wait",
                "helm uninstall -n cert-manager cert-manager --wait",
                "kubectl -n dpf-operator-system delete secret dpf-pull-secret --wait",
                "kubectl -n dpf-operator-system delete pvc bfb-pvc",
                "kubectl delete pv bfb-pv",
                "kubectl delete namespace dpf-operator-system dpu-cplane-tenant1 cert-manager nvidia-network-operator --wait",
            ],
            []),
    ];
}
