using System.Text;
using Dpf.Api.Provisioning;

namespace Dpf.Provisioning.Flavors;

/// <summary>What a bf.cfg is made of.</summary>
/// <param name="Flavor">How the DPU is set up.</param>
/// <param name="DpuName">Its name, which is its host name and its node's.</param>
/// <param name="JoinCommand">The command that joins it to its cluster; holds a secret.</param>
/// <param name="RebootsItself">Whether the DPU restarts after its first boot because nobody restarts the host.</param>
internal sealed record BfCfgFacts(DpuFlavorSpec Flavor, string DpuName, string JoinCommand, bool RebootsItself);

/// <summary>
/// The bf.cfg of a DPU: parameters of the boot image's installer, and a function that it calls with the new system's root at
/// <c>/mnt</c>. The function leaves the cloud-init document that makes the system what the flavor says at its first boot.
/// </summary>
internal static class BfCfg
{
    /// <summary>The longest that a card takes, in bytes.</summary>
    public const int LongestBytes = 128 * 1024;

    private const string PasswordKey = "ubuntu_PASSWORD";
    private const string SeedFolder = "/mnt/var/lib/cloud/seed/nocloud-net";

    /// <summary>The text.</summary>
    /// <exception cref="FormatException">It would be longer than a card takes.</exception>
    public static string Render(BfCfgFacts facts)
    {
        var text = new StringBuilder();
        foreach (var line in (facts.Flavor.BfcfgParameters ?? []).Where(l => Password(l) is null))
        {
            text.Append(line.TrimEnd('\n')).Append('\n');
        }

        text.Append(
            """
            bfb_modify_os() {
              mkdir -p /mnt/opt/dpf /mnt/etc/cloud/cloud.cfg.d /mnt/etc/systemd/system
              printf 'network: {config: disabled}\n' > /mnt/etc/cloud/cloud.cfg.d/dpf.cfg
              sync_service=/mnt/opt/mellanox/sfc-hbn/mlnx_bf_configure_sync.service
              if [ -f "$sync_service" ]; then cp "$sync_service" /mnt/etc/systemd/system/; fi

            """);
        text.Append("  mkdir -p ").Append(SeedFolder).Append('\n');
        text.Append("  printf 'instance-id: %s\\n' ").Append(Quoting.ShellWord(facts.DpuName)).Append(" > ").Append(SeedFolder).Append("/meta-data\n");
        text.Append("  (\n    umask 077\n");
        text.Append(Quoting.HereDocument($"    cat > {SeedFolder}/user-data", UserData(facts)));
        text.Append("  )\n}\n");
        var length = Encoding.UTF8.GetByteCount(text.ToString());
        return length <= LongestBytes
            ? text.ToString()
            : throw new FormatException($"the bf.cfg of {facts.DpuName} has {length} bytes; a card takes {LongestBytes}: shorten the flavor's files and scripts");
    }

    /// <summary>The cloud-init document.</summary>
    internal static string UserData(BfCfgFacts facts)
    {
        var yaml = new StringBuilder("#cloud-config\ndebug:\n  verbose: true\n");
        AppendUser(yaml, (facts.Flavor.BfcfgParameters ?? []).Select(Password).LastOrDefault(p => p is not null));
        yaml.Append("write_files:\n");
        foreach (var file in FirstBoot.Files(facts))
        {
            file.WriteTo(yaml);
        }

        yaml.Append("runcmd:\n");
        foreach (var command in FirstBoot.Commands(facts))
        {
            yaml.Append("- [").AppendJoin(", ", command.Select(Quoting.YamlScalar)).Append("]\n");
        }

        return yaml.ToString();
    }

    /// <summary>The password (its hash) that a line of parameters gives to the user <c>ubuntu</c>; null for another line.</summary>
    internal static string? Password(string line)
    {
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0 || line[..equals].Trim() != PasswordKey)
        {
            return null;
        }

        var value = line[(equals + 1)..].Trim();
        return value.Length >= 2 && value[0] is '\'' or '"' && value[^1] == value[0] ? value[1..^1] : value;
    }

    private static void AppendUser(StringBuilder yaml, string? password)
    {
        yaml.Append(
            """
            users:
            - name: ubuntu
              lock_passwd: false
              groups: [adm, audio, cdrom, dialout, dip, floppy, lxd, netdev, plugdev, sudo, video]
              sudo: ALL=(ALL) NOPASSWD:ALL
              shell: /bin/bash

            """);
        if (password is not null)
        {
            yaml.Append("  passwd: ").Append(Quoting.YamlScalar(password)).Append('\n');
        }
        else
        {
            // A first login has to choose another one.
            yaml.Append("chpasswd:\n  list: |\n    ubuntu:ubuntu\n  expire: true\n");
        }
    }
}
