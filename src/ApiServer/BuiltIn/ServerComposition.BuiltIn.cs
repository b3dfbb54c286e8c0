using Dpf.ApiServer.Admission;
using Dpf.ApiServer.Authentication;
using Dpf.ApiServer.Authorization;
using Dpf.ApiServer.BuiltIn;
using Dpf.ApiServer.CustomResources;
using Dpf.ApiServer.Discovery;
using Dpf.ApiServer.Garbage;
using Dpf.ApiServer.OpenApi;
using Dpf.ApiServer.Protobuf;
using Dpf.ApiServer.Strategies;
using Dpf.ApiServer.Streaming;
using Dpf.ApiServer.Tables;

namespace Dpf.ApiServer.Serving;

/// <content>What every server has.</content>
public sealed partial class ServerComposition
{
    partial void ComposeBuiltIns()
    {
        Objects = new ResourceOperations(this);
        Responses = new ResponseWriter(this);
        Registry.Add(BuiltInKinds.All());
        AddStrategies();
        Tables = new TableConverter(Options);
        Codecs.Add(new ProtobufCodec(Registry));
        var tokens = new ServiceAccountTokens(this);
        Authenticators.Add(new CertificateAuthenticator(this));
        Authenticators.Add(new BootstrapTokenAuthenticator(this));
        Authenticators.Add(tokens);
        Authorizer = new RbacAuthorizer(this);
        Admission.Add(new RequesterIdentity());
        Admission.Add(new WebhookAdmission(this));
        Admission.Add(new GrantCheck(this));
        AddHandlers(tokens);
        new DiscoveryDocuments(this).AddTo(Paths);
        new OpenApiDocuments(this).AddTo(Paths);
        ServerPaths.AddTo(this);
        HealthPaths.AddTo(this);
        var custom = new CustomResourceDefinitions(this);
        Bootstrap.Add(custom.LoadAsync);
        Bootstrap.Add(new Bootstrap(this).RunAsync);
        var sums = new RoleAggregation(this);
        Bootstrap.Add(sums.SumUpAsync);
        Background.Add(custom);
        Background.Add(new GarbageCollector(this));
        Background.Add(new NamespaceLifecycle(this));
        Background.Add(new EventExpiry(this));
        Background.Add(new TokenSecrets(this, tokens));
        Background.Add(sums);
    }

    private void AddHandlers(ServiceAccountTokens tokens)
    {
        var proxy = new KubeletProxy(this);
        foreach (var name in (string[])["log", "exec", "attach", "portforward"])
        {
            Handlers["/pods/" + name] = proxy;
        }

        Handlers["/pods/binding"] = new BindingHandler(this);
        Handlers["/pods/eviction"] = new EvictionHandler(this);
        Handlers["/serviceaccounts/token"] = new TokenRequestHandler(this, tokens);
        var reviews = new ReviewHandler(this, tokens);
        foreach (var definition in Registry.All)
        {
            if (definition.Virtual)
            {
                Handlers[$"{definition.Group}/{definition.Plural}"] = reviews;
            }
        }
    }

    private void AddStrategies()
    {
        void Add(string group, string plural, ResourceStrategy strategy) => Strategies[new GroupResource(group, plural)] = strategy;
        Add("", "pods", new PodStrategy(this));
        Add("", "services", new ServiceStrategy(this));
        Add("", "namespaces", new NamespaceStrategy());
        Add("", "nodes", new NodeStrategy());
        Add("", "configmaps", new ConfigMapStrategy());
        Add("", "secrets", new SecretStrategy());
        Add("", "persistentvolumes", new VolumeStrategy());
        Add("", "persistentvolumeclaims", new VolumeClaimStrategy());
        Add("apps", "deployments", WorkloadStrategy.Deployment);
        Add("apps", "replicasets", WorkloadStrategy.ReplicaSet);
        Add("apps", "daemonsets", WorkloadStrategy.DaemonSet);
        Add("apps", "statefulsets", WorkloadStrategy.StatefulSet);
        Add("batch", "jobs", new JobStrategy());
        Add("batch", "cronjobs", new CronJobStrategy());
        Add("storage.k8s.io", "storageclasses", new StorageClassStrategy());
        Add("certificates.k8s.io", "certificatesigningrequests", new CertificateRequestStrategy());
        Add("apiextensions.k8s.io", "customresourcedefinitions", new DefinitionStrategy());
        foreach (var plural in (string[])["mutatingwebhookconfigurations", "validatingwebhookconfigurations"])
        {
            Add("admissionregistration.k8s.io", plural, new WebhookStrategy());
        }

        foreach (var scope in (string[])["", "cluster"])
        {
            Add("rbac.authorization.k8s.io", scope + "roles", new RoleStrategy());
            Add("rbac.authorization.k8s.io", scope + "rolebindings", new RoleBindingStrategy());
        }
    }
}
