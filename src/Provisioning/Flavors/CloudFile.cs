using System.Text;

namespace Dpf.Provisioning.Flavors;

/// <summary>A file that cloud-init writes at a DPU's first boot.</summary>
/// <param name="Path">Where.</param>
/// <param name="Permissions">The mode, octal.</param>
/// <param name="Content">What.</param>
/// <param name="IsAppended">Whether it is added to what is there.</param>
internal sealed record CloudFile(string Path, string Permissions, string Content, bool IsAppended = false)
{
    /// <summary>The entry of <c>write_files</c>.</summary>
    public void WriteTo(StringBuilder yaml)
    {
        yaml.Append("- path: ").Append(Quoting.YamlScalar(Path)).Append('\n');
        yaml.Append("  permissions: '").Append(Permissions).Append("'\n");
        if (IsAppended)
        {
            yaml.Append("  append: true\n");
        }

        yaml.Append("  content: ").Append(Quoting.YamlBlock(Content, 2)).Append('\n');
    }
}
