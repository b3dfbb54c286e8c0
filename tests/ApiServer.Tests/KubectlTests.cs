namespace Dpf.ApiServer.Tests;

/// <summary>The stock kubectl against a server.</summary>
public sealed class KubectlTests
{
    private const string App = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, namespace: shop}
        data: {a: "1", b: "2"}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
              - {name: web, image: nginx, ports: [{containerPort: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          selector: {app: web}
          ports: [{port: 80}]
        """;

    [Fact]
    public async Task Kubectl_creates_applies_shows_changes_waits_and_deletes()
    {
        await using var test = await TestServer.StartAsync();
        async Task<string> RunAsync(string line, string input = "")
        {
            var (code, output) = await test.KubectlAsync(input, line.Split(' '));
            Assert.True(code == 0, $"kubectl {line}: {output}");
            return output;
        }

        Assert.Equal("namespace/shop created\n", await RunAsync("create namespace shop"));
        Assert.Contains("deployment.apps/web created", await RunAsync("apply -f -", App), StringComparison.Ordinal);
        Assert.Equal("configmap/settings unchanged\ndeployment.apps/web unchanged\nservice/web unchanged\n", await RunAsync("apply -f -", App));
        Assert.Contains("configmap/settings configured", await RunAsync("apply -f -", App.Replace("b: \"2\"", "c: \"3\"", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal("{\"a\":\"1\",\"c\":\"3\"}", await RunAsync("get cm settings -n shop -o jsonpath={.data}"));
        Assert.Contains("serverside-applied", await RunAsync("apply --server-side -f -", App.Replace("b: \"2\"", "b: \"4\"", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("0/2", await RunAsync("get deploy -n shop"), StringComparison.Ordinal);
        Assert.Contains("RollingUpdate", await RunAsync("describe deploy web -n shop"), StringComparison.Ordinal);
        await RunAsync("""patch deploy web -n shop -p {"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx:2"}]}}}}""");
        Assert.Equal("nginx:2 80", await RunAsync("get deploy web -n shop -o jsonpath={.spec.template.spec.containers[0].image}{\"\\u0020\"}{.spec.template.spec.containers[0].ports[0].containerPort}"));
        await RunAsync("scale deploy web -n shop --replicas=3");
        await RunAsync("label deploy web -n shop tier=front");
        Assert.Contains("web", await RunAsync("get deploy -A -l tier=front -o name"), StringComparison.Ordinal);
        await RunAsync("wait deploy/web -n shop --for=jsonpath={.spec.replicas}=3 --timeout=5s");
        Assert.Contains("yes", await RunAsync("auth can-i create pods"), StringComparison.Ordinal);
        Assert.Contains("deployments", await RunAsync("api-resources"), StringComparison.Ordinal);
        Assert.Contains("Server Version: v1.32", await RunAsync("version"), StringComparison.Ordinal);
        Assert.Contains("containers", await RunAsync("explain pod.spec"), StringComparison.Ordinal);
        Assert.Contains("deleted", await RunAsync("delete -f - --wait=true --timeout=20s", App), StringComparison.Ordinal);
        Assert.Contains("deleted", await RunAsync("delete namespace shop --timeout=20s"), StringComparison.Ordinal);
        Assert.DoesNotContain("shop", await RunAsync("get ns"), StringComparison.Ordinal);
    }
}
