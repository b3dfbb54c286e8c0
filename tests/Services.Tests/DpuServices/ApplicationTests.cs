using System.Text;
using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Services.Argo;
using Dpf.Services.DpuServices;
using k8s.Models;

namespace Dpf.Services.Tests.DpuServices;

public sealed class ApplicationTests
{
    [Fact]
    public void An_Application_says_what_where_and_that_it_heals()
    {
        var wanted = ServiceApplications.Wanted(Service("ns", "svc"), "c1", "argo", "c1-svc", new JsonObject { ["a"] = 1 });
        var expected = JsonNode.Parse("""
            {"apiVersion":"argoproj.io/v1alpha1","kind":"Application",
             "metadata":{"name":"c1-svc","namespace":"argo","finalizers":["resources-finalizer.argocd.argoproj.io"],
              "labels":{"dpu.nvidia.com/cluster":"c1","dpu.nvidia.com/dpuservice-name":"svc","dpu.nvidia.com/dpuservice-namespace":"ns",
               "dpu.nvidia.com/component":"dpuservice-manager"}},
             "spec":{"project":"doca-platform-project-dpu",
              "source":{"repoURL":"nvcr.io/charts","chart":"svc","targetRevision":"1.0.0","helm":{"valuesObject":{"a":1}}},
              "destination":{"name":"c1","namespace":"ns"},
              "syncPolicy":{"automated":{"prune":true,"selfHeal":true},
               "retry":{"limit":-1,"backoff":{"duration":"5s","factor":2,"maxDuration":"3m"}}}}}
            """);
        Assert.True(JsonNode.DeepEquals(expected, wanted), wanted.ToJsonString());
    }

    [Fact]
    public void An_https_repository_keeps_its_scheme()
    {
        var service = Service("ns", "svc");
        service.Spec.HelmChart.Source.RepoUrl = "https://charts.example/x";
        var wanted = ServiceApplications.Wanted(service, "in-cluster", "argo", "in-cluster-svc", []);
        Assert.Equal("https://charts.example/x", (string?)wanted["spec"]!["source"]!["repoURL"]);
        Assert.Equal("doca-platform-project-host", (string?)wanted["spec"]!["project"]);
    }

    [Fact]
    public void A_name_is_kept_and_given_once()
    {
        var (one, two) = (Service("one", "svc"), Service("two", "svc"));
        Assert.Equal("c1-svc", ServiceApplications.Name(one, "c1", "argo", []));
        ArgoApplication[] all = [Application(one, "c1", "c1-svc")];
        Assert.Equal("c1-svc", ServiceApplications.Name(one, "c1", "argo", all));
        Assert.Equal("c1-two-svc", ServiceApplications.Name(two, "c1", "argo", all));
        Assert.Equal("c2-svc", ServiceApplications.Name(two, "c2", "argo", all));

        // The first is gone: the second stays what it is.
        Assert.Equal("c1-two-svc", ServiceApplications.Name(two, "c1", "argo", [Application(two, "c1", "c1-two-svc")]));
    }

    [Theory]
    [InlineData("Synced", "Healthy", null)]
    [InlineData("Synced", "Progressing", "a: sync is Synced, health is Progressing")]
    [InlineData("OutOfSync", "Healthy", "a: sync is OutOfSync, health is Healthy")]
    [InlineData(null, null, "a: Application is not yet deployed.")]
    public void An_Application_works_when_it_is_synced_and_healthy(string? sync, string? health, string? expected)
    {
        var application = new ArgoApplication
        {
            Status = new Anything
            {
                Fields = new JsonObject { ["sync"] = new JsonObject { ["status"] = sync }, ["health"] = new JsonObject { ["status"] = health } },
            },
        };
        Assert.Equal(expected, ServiceApplications.Problem("a", application));
    }

    [Fact]
    public void What_Argo_CD_says_of_the_cause_is_passed_on()
    {
        var status = JsonNode.Parse("""
            {"sync":{"status":"OutOfSync"},"health":{"status":"Degraded"},"conditions":[{"type":"SyncError","message":"no such chart"}],
             "resources":[{"kind":"DaemonSet","name":"x","health":{"status":"Degraded"}},{"kind":"ConfigMap","name":"y"}]}
            """)!.AsObject();
        Assert.Equal(
            "a: sync is OutOfSync, health is Degraded (no such chart; DaemonSet x is Degraded)",
            ServiceApplications.Problem("a", new ArgoApplication { Status = new Anything { Fields = status } }));
        Assert.Equal("a: Application is not yet deployed.", ServiceApplications.Problem("a", null));
    }

    [Fact]
    public void A_cluster_Secret_has_what_the_kubeconfig_has()
    {
        var secret = ClusterSecret.Of(new NamespacedName("ns", "c1"), "c1", "argo", new KubeConnection
        {
            Server = new Uri("https://10.0.0.1:6443"), CertificateAuthority = "CA", ClientCertificate = ("CERT", "KEY"),
        });
        Assert.Equal("ns-c1", secret.Metadata.Name);
        Assert.Equal("c1", Encoding.UTF8.GetString(secret.Data["name"]));
        Assert.Equal("https://10.0.0.1:6443", Encoding.UTF8.GetString(secret.Data["server"]));
        Assert.Equal("""{"tlsClientConfig":{"caData":"Q0E=","certData":"Q0VSVA==","keyData":"S0VZ"}}""", Encoding.UTF8.GetString(secret.Data["config"]));
        var token = ClusterSecret.Of(new NamespacedName("ns", "c1"), "c1", "argo", new KubeConnection
        {
            Server = new Uri("https://c"), Token = () => "secret",
        });
        Assert.Equal("""{"tlsClientConfig":{},"bearerToken":"secret"}""", Encoding.UTF8.GetString(token.Data["config"]));
    }

    private static ArgoApplication Application(DpuService service, string cluster, string name) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            NamespaceProperty = "argo",
            Labels = new Dictionary<string, string>
            {
                ["dpu.nvidia.com/cluster"] = cluster,
                ["dpu.nvidia.com/dpuservice-name"] = service.Metadata.Name,
                ["dpu.nvidia.com/dpuservice-namespace"] = service.Metadata.NamespaceProperty,
            },
        },
    };

    private static DpuService Service(string ns, string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns },
        Spec = new DpuServiceSpec
        {
            HelmChart = new HelmChart { Source = new DpuServiceSource { RepoUrl = "oci://nvcr.io/charts", Chart = name, Version = "1.0.0" } },
        },
    };
}
