using System.Text.Json.Nodes;

namespace Dpf.Scenarios.Tests;

/// <summary>A lab of this test run: its own state folder, and the commands that a user has for it.</summary>
/// <param name="variables">Variables of the guide that are not the lab's own, as an assignment in front of a command.</param>
internal sealed class LabHost(string variables = "") : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-scenarios-").FullName;
    private string? _exports;

    /// <summary>The environment of the commands.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string> { ["DPF_STATE"] = State };

    /// <summary>The lab's state folder.</summary>
    public string State => Path.Combine(_folder, "lab");

    /// <summary><c>./dpf …</c></summary>
    public Task<Outcome> DpfAsync(string arguments, Func<string, Task>? onError = null)
    {
        _exports = arguments.StartsWith("up", StringComparison.Ordinal) || arguments.StartsWith("down", StringComparison.Ordinal) ? null : _exports;
        return Shell.RunAsync($"{variables} ./dpf {arguments}".Trim(), Environment, TimeSpan.FromMinutes(8), onError);
    }

    /// <summary>A line in a shell that took over <c>./dpf env</c>, in the folder that the guide's commands run in.</summary>
    public async Task<Outcome> UserAsync(string line)
    {
        // A user asks once, too.
        if (_exports is null)
        {
            var asked = await Shell.RunAsync("./dpf env", Environment, TimeSpan.FromMinutes(1));
            if (asked.ExitCode != 0)
            {
                return asked;
            }

            _exports = asked.Output;
        }

        return await Shell.RunAsync($"{_exports}\ncd deploy/guides/ovn-kubernetes; {line}", Environment, TimeSpan.FromMinutes(5));
    }

    /// <summary>The same, which has to succeed; returns its output.</summary>
    public async Task<string> UserSucceedsAsync(string line)
    {
        var outcome = await UserAsync(line);
        Assert.True(outcome.ExitCode == 0, $"{line}: {outcome}");
        return outcome.Output;
    }

    /// <summary>The same in the DPU cluster.</summary>
    public Task<string> DpuUserSucceedsAsync(string line) => UserSucceedsAsync(
        "set -o pipefail; dpu=$(mktemp); trap 'rm -f $dpu' EXIT; kubectl get secret -n dpu-cplane-tenant1 dpu-cplane-tenant1-admin-kubeconfig " +
        $"-o jsonpath='{{.data.admin\\.conf}}' | base64 -d >$dpu || exit 1; export KUBECONFIG=$dpu; {line}");

    /// <summary>A line of bash inside a machine of the lab.</summary>
    public Task<Outcome> InMachineAsync(string machine, string line) => Shell.RunAsync(
        $"exec nsenter -t \"$(pgrep -P \"$(pgrep -of '^unshare .*{State}/machines/{machine}$')\")\" -a --wd bash -c {Shell.Quoted(line)}",
        Environment, TimeSpan.FromMinutes(2));

    /// <summary>Asks the traffic matrix again; every cell has to be ok.</summary>
    public async Task<JsonArray> TrafficSucceedsAsync()
    {
        var outcome = await DpfAsync("traffic --short --output json");
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        return JsonNode.Parse(outcome.Output)!["matrix"]!.AsArray();
    }

    /// <summary>Removes the lab, however it was left.</summary>
    public async ValueTask DisposeAsync()
    {
        await DpfAsync("down --force");
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Kills, as <c>kill -9</c> does, the processes of this lab whose command lines match.</summary>
    public Task<Outcome> KillAsync(string pattern) => Shell.RunAsync(
        $"""
        for id in $(pgrep -f -- '{pattern}'); do
          if grep -qzE '^(DPF_STATE|DPF_LAB)={State}$' /proc/$id/environ 2>/dev/null; then kill -9 $id && found=1; fi
        done
        [ -n "$found" ]
        """,
        new Dictionary<string, string>(), TimeSpan.FromSeconds(20));
}
