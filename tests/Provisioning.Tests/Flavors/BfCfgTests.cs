using System.Diagnostics;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Flavors;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Clusters;
using k8s;
using YamlDotNet.RepresentationModel;

namespace Dpf.Provisioning.Tests.Flavors;

public sealed class BfCfgTests
{
    private const string Join = "kubeadm join 10.0.110.100:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:00ff --v=5";

    /// <summary>One folder is one case; run with DPF_UPDATE_GOLDEN=1 to write what comes out.</summary>
    public static TheoryData<string> Cases() =>
        [.. Directory.GetDirectories(Path.Combine(ProvisioningWorld.Repository(), "tests/Provisioning.Tests/cases/bfcfg")).Select(d => Path.GetFileName(d)!)];

    [Theory, MemberData(nameof(Cases))]
    public void AFlavorBecomesThisFile(string name)
    {
        var folder = Path.Combine(ProvisioningWorld.Repository(), "tests/Provisioning.Tests/cases/bfcfg", name);
        var text = BfCfg.Render(new BfCfgFacts(Read(Path.Combine(folder, "flavor.yaml")), "worker1-0000-03-00", Join, name.EndsWith("-skip", StringComparison.Ordinal)));
        var file = Path.Combine(folder, "bf.cfg");
        if (Environment.GetEnvironmentVariable("DPF_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(file, text);
        }

        Assert.Equal(File.ReadAllText(file), text);
    }

    [Fact]
    public async Task TheInstallerRunsItAndCloudInitReadsBackEveryByte()
    {
        var flavor = new DpuFlavorSpec
        {
            BfcfgParameters = ["UPDATE_DPU_OS=yes", "ubuntu_PASSWORD='$1$salt$ha=sh'"],
            ConfigFiles =
            [
                new ConfigFile { Path = "/etc/tricky", Raw = "EOF\nEOF_\n'quoted' \"twice\" $HOME `date` \\n\n\ttab: [x]\n# no comment\n\n\n", Permissions = "600" },
                new ConfigFile { Path = "/etc/leading space", Raw = "  indented\nfirst", Operation = "append" },
                new ConfigFile { Path = "/etc/empty", Raw = "" },
                new ConfigFile { Path = "/etc/newlines", Raw = "\n\n" },
                new ConfigFile { Path = "/etc/odd", Raw = "nul-free \u0001 \u00e9 \u2028 \U0001F600\r\n" },
            ],
            Ovs = new DpuFlavorOvs { RawConfigScript = "cat <<EOF\nhello\nEOF" },
        };
        var folder = Directory.CreateTempSubdirectory("dpf-bfcfg-").FullName;
        try
        {
            var text = BfCfg.Render(new BfCfgFacts(flavor, "worker1-0000-03-00", Join, false));
            await File.WriteAllTextAsync(Path.Combine(folder, "bf.cfg"), text.Replace("/mnt", folder, StringComparison.Ordinal), TestContext.Current.CancellationToken);
            using var bash = Process.Start(new ProcessStartInfo("bash", ["-euc", $". {folder}/bf.cfg; bfb_modify_os; echo $UPDATE_DPU_OS"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            Assert.Equal("yes\n", await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
            await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, bash.ExitCode);
            var seed = Path.Combine(folder, "var/lib/cloud/seed/nocloud-net/user-data");
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(seed));
            var document = Parse(await File.ReadAllTextAsync(seed, TestContext.Current.CancellationToken));
            var files = ((YamlSequenceNode)document["write_files"]).ToDictionary(f => (string)f["path"]!, f => f);
            foreach (var file in flavor.ConfigFiles)
            {
                Assert.Equal(file.Raw, ((YamlScalarNode)files[file.Path!]["content"]).Value);
            }

            Assert.Equal("0600", (string)files["/etc/tricky"]["permissions"]!);
            Assert.Equal("true", (string)files["/etc/leading space"]["append"]!);
            Assert.Equal("$1$salt$ha=sh", (string)document["users"][0]["passwd"]!);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task EveryScriptIsOneThatBashUnderstands()
    {
        var flavor = Read(Path.Combine(ProvisioningWorld.Repository(), "tests/Provisioning.Tests/cases/bfcfg/everything-skip/flavor.yaml"));
        var scripts = FirstBoot.Files(new BfCfgFacts(flavor, "dpu", Join, true)).Where(f => f.Path.EndsWith(".sh", StringComparison.Ordinal)).ToList();
        Assert.Equal(8, scripts.Count);
        foreach (var script in scripts)
        {
            using var bash = Process.Start(new ProcessStartInfo("bash", ["-n"]) { RedirectStandardInput = true, UseShellExecute = false })!;
            await bash.StandardInput.WriteAsync(script.Content);
            bash.StandardInput.Close();
            await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(bash.ExitCode == 0, script.Path);
        }
    }

    [Fact]
    public void AFileThatNoCardTakesIsRefused()
    {
        var flavor = new DpuFlavorSpec { ConfigFiles = [new ConfigFile { Path = "/big", Raw = new string('x', BfCfg.LongestBytes) }] };
        var e = Assert.Throws<FormatException>(() => BfCfg.Render(new BfCfgFacts(flavor, "dpu", Join, false)));
        Assert.Contains("131072", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ubuntu_PASSWORD=x", "x")]
    [InlineData("ubuntu_PASSWORD='a=b'", "a=b")]
    [InlineData("ubuntu_PASSWORD=$1$a=b", "$1$a=b")]
    [InlineData("other_PASSWORD=x", null)]
    [InlineData("ubuntu_PASSWORD", null)]
    public void APasswordIsEverythingAfterTheFirstEqualsSign(string line, string? expected) => Assert.Equal(expected, BfCfg.Password(line));

    [Fact]
    public void WithoutAPasswordTheFirstLoginChoosesOne() =>
        Assert.Contains("expire: true", BfCfg.UserData(new BfCfgFacts(new DpuFlavorSpec(), "dpu", Join, false)), StringComparison.Ordinal);

    [Fact]
    public void OnlyTheAdministratorMayReadTheScriptWithTheToken()
    {
        var file = Assert.Single(FirstBoot.Files(new BfCfgFacts(new DpuFlavorSpec(), "dpu", Join, false)), f => f.Content.Contains("abcdef.", StringComparison.Ordinal));
        Assert.Equal("0700", file.Permissions);
    }

    private static YamlMappingNode Parse(string text)
    {
        Assert.StartsWith("#cloud-config\n", text, StringComparison.Ordinal);
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return (YamlMappingNode)Assert.Single(stream.Documents).RootNode;
    }

    private static DpuFlavorSpec Read(string file) =>
        KubernetesJson.Deserialize<DpuFlavor>(Manifests.Parse(File.ReadAllText(file), file).Single().ToJsonString()).Spec;
}
