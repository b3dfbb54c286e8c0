using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Helm.Repositories;
using Dpf.Lab.Addons.Argo;
using Dpf.Lab.Addons.Certificates;
using Dpf.Lab.Addons.Features;
using Dpf.Lab.Addons.Multus;
using Dpf.Lab.Addons.Sriov;
using Dpf.Lab.Repository;
using Dpf.Runtime.Machines;

namespace Dpf.Lab.Tests;

public sealed class AddonsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-addons-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_repository_serves_a_chart_with_its_local_dependencies_at_any_version()
    {
        var stop = TestContext.Current.CancellationToken;
        Write("parent/Chart.yaml", "apiVersion: v2\nname: parent\nversion: 0.1.0\ndependencies:\n- name: child\n  version: 1.0.0\n  repository: file://../child\n");
        Write("child/Chart.yaml", "apiVersion: v2\nname: child\nversion: 1.0.0\n");
        Write("child/templates/a.yaml", "kind: ConfigMap\n");
        await using var repository = await ChartRepository.StartAsync(
            new ChartRepositoryOptions { ChartsPaths = [_folder], Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)] }, stop);
        using var http = new HttpClient { BaseAddress = new Uri(repository.Addresses.First()) };

        var manifest = await http.GetFromJsonAsync<JsonObject>("/v2/nvidia/parent/manifests/v24.10.0", stop);
        var digest = (string)manifest!["layers"]![0]!["digest"]!;
        var archive = await http.GetByteArrayAsync($"/v2/nvidia/parent/blobs/{digest}", stop);

        Assert.Equal(digest, ChartPackage.DigestOf(archive));
        var files = Unpack(archive);
        Assert.Contains("version: \"v24.10.0\"", files["parent/Chart.yaml"], StringComparison.Ordinal);
        Assert.Equal("kind: ConfigMap\n", files["parent/charts/child/templates/a.yaml"]);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/v2/nvidia/none/manifests/1.0.0", stop)).StatusCode);
    }

    [Fact]
    public async Task A_boot_image_can_be_fetched_in_parts()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var repository = await ChartRepository.StartAsync(
            new ChartRepositoryOptions { ChartsPaths = [_folder], Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)] }, stop);
        using var http = new HttpClient { BaseAddress = new Uri(repository.Addresses.First()) };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/bfb/bf-bundle-2.9.1-lab.bfb");
        request.Headers.Range = new RangeHeaderValue(0, 3);

        using var part = await http.SendAsync(request, stop);

        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal([0x42, 0x66, 0x02, 0x13], await part.Content.ReadAsByteArrayAsync(stop));
        Assert.Equal(4 << 20, part.Content.Headers.ContentRange!.Length);
    }

    [Fact]
    public void A_certificate_of_an_authority_chains_to_it_and_names_its_hosts()
    {
        var now = TimeProvider.System.GetUtcNow();
        var authority = Issuance.Issue(new CertificateSpec { SecretName = "ca", CommonName = "dpf", IsCa = true, Duration = "8760h" }, null, now);
        var issued = Issuance.Issue(
            new CertificateSpec { SecretName = "tls", DnsNames = ["webhook.ns.svc"], IpAddresses = ["10.0.0.1"] },
            (authority.Certificate, authority.Key), now);

        using var root = X509Certificate2.CreateFromPem(authority.Certificate);
        using var leaf = X509Certificate2.CreateFromPem(issued.Certificate, issued.Key);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        Assert.True(chain.Build(leaf));
        Assert.True(leaf.MatchesHostname("webhook.ns.svc"));
        Assert.True(leaf.MatchesHostname("10.0.0.1"));
        Assert.Equal(authority.Certificate, issued.Authority);
    }

    [Fact]
    public void A_rule_labels_nodes_that_have_the_device()
    {
        var feature = JsonSerializer.Deserialize<Anything>("""
            {"labels":{"dpu-0-pci-address":"0000-03-00","dpu-oob-bridge-configured":""},
             "features":{"instances":{"pci.device":{"elements":[{"attributes":{"vendor":"15b3","device":"a2dc","class":"0200"}}]}}}}
            """)!;
        var rule = JsonSerializer.Deserialize<Anything>("""
            {"rules":[{"name":"r","labels":{"dpu-enabled":"true"},"matchFeatures":[{"feature":"pci.device",
             "matchExpressions":{"vendor":{"op":"In","value":["15b3"]},"device":{"op":"In","value":["a2d6","a2dc"]}}}]}]}
            """)!;

        var labels = FeatureLabels.Of(feature, [rule]);

        Assert.Equal("true", labels["feature.node.kubernetes.io/dpu-enabled"]);
        Assert.Equal("0000-03-00", labels["feature.node.kubernetes.io/dpu-0-pci-address"]);
        Assert.Equal("", labels["feature.node.kubernetes.io/dpu-oob-bridge-configured"]);
        Assert.Equal([new("a", "1"), new("b", ""), new("c", "true")], FeatureLabels.Parse("a=1\r\nb=\r\n# no\r\nc\r\n"));
    }

    [Fact]
    public void A_range_of_functions_is_found_through_links_that_only_the_machine_could_follow()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "class/net/ens1f0np0"));
        Directory.CreateDirectory(Path.Combine(_folder, "bus/pci/devices/0000:03:00.0"));
        File.CreateSymbolicLink(Path.Combine(_folder, "class/net/ens1f0np0/device"), "/nowhere/sys/bus/pci/devices/0000:03:00.0");
        foreach (var i in Enumerable.Range(0, 12))
        {
            File.CreateSymbolicLink(
                Path.Combine(_folder, $"bus/pci/devices/0000:03:00.0/virtfn{i}"), $"../0000:03:{(i + 2) / 8:x2}.{(i + 2) % 8}");
        }

        var found = VirtualFunction.Find(_folder, FunctionRange.Parse("ens1f0np0#2-10"));

        Assert.Equal(9, found.Count);
        Assert.Equal(new VirtualFunction("0000:03:00.4", 2), found[0]);
        Assert.Equal(new VirtualFunction("0000:03:01.4", 10), found[^1]);
        Assert.Empty(VirtualFunction.Find(_folder, FunctionRange.Parse("none#0-1")));
    }

    [Fact]
    public void The_kubelets_checkpoint_tells_which_device_a_pod_has()
    {
        const string checkpoint = """
            {"Data":{"PodDeviceEntries":[
              {"PodUID":"u1","ContainerName":"c","ResourceName":"nvidia.com/bf3-p0-vfs","DeviceIDs":{"-1":["0000:03:00.5"]},"AllocResp":""},
              {"PodUID":"u2","ContainerName":"c","ResourceName":"nvidia.com/bf3-p0-vfs","DeviceIDs":["0000:03:00.6"],"AllocResp":""}],
              "RegisteredDevices":{}},"Checksum":0}
            """;

        Assert.Equal(["0000:03:00.5"], DeviceAllocations.Of(checkpoint, "u1", "nvidia.com/bf3-p0-vfs"));
        Assert.Equal(["0000:03:00.6"], DeviceAllocations.Of(checkpoint, "u2", "nvidia.com/bf3-p0-vfs"));
        Assert.Empty(DeviceAllocations.Of(checkpoint, "u1", "other"));
    }

    [Theory]
    [InlineData("net-a, ns/net-b@eth5", "d/net-a/,ns/net-b/eth5")]
    [InlineData("""[{"name":"net-a","interface":"x0"},{"name":"b","namespace":"ns"}]""", "d/net-a/x0,ns/b/")]
    public void Networks_are_asked_for_in_either_notation(string text, string expected) =>
        Assert.Equal(expected, string.Join(',', NetworkSelection.Parse(text, "d").Select(n => $"{n.Namespace}/{n.Name}/{n.Interface}")));

    [Fact]
    public void An_application_progresses_until_its_daemons_are_available()
    {
        var set = JsonNode.Parse("""
            {"metadata":{"generation":2},"status":{"observedGeneration":1,"desiredNumberScheduled":0}}
            """)!.AsObject();
        Assert.Equal("Progressing", Health.Of("DaemonSet", set));

        set["status"]!["observedGeneration"] = 2L;
        Assert.Equal("Healthy", Health.Of("DaemonSet", set));
        Assert.Equal("Missing", Health.Summary([Health.Of("ConfigMap", null), Health.Of("Deployment", null), "Healthy"]));
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private static Dictionary<string, string> Unpack(byte[] archive)
    {
        using var tar = new TarReader(new GZipStream(new MemoryStream(archive), CompressionMode.Decompress));
        Dictionary<string, string> files = [];
        while (tar.GetNextEntry() is { } entry)
        {
            using var reader = new StreamReader(entry.DataStream!);
            files[entry.Name] = reader.ReadToEnd();
        }

        return files;
    }
}
