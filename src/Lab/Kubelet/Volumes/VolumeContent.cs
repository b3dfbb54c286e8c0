using System.Text;
using Dpf.Lab.Kubelet.Pods;
using k8s.Models;

namespace Dpf.Lab.Kubelet.Volumes;

/// <summary>A volume cannot be made yet; the message says what is missing.</summary>
internal sealed class VolumeException(string message) : Exception(message);

/// <summary>The files of volumes made of API objects; pure.</summary>
internal static class VolumeContent
{
    private const int DefaultMode = 0x1A4;

    /// <summary>Picks the items of a config map or secret.</summary>
    /// <exception cref="VolumeException">An item names a key that is not there.</exception>
    public static Dictionary<string, VolumeFile> Pick(
        string what, IReadOnlyDictionary<string, byte[]>? data, IList<V1KeyToPath>? items, bool optional, int? mode)
    {
        if (data is null)
        {
            return optional ? [] : throw new VolumeException($"{what} not found");
        }

        if (items is null or { Count: 0 })
        {
            return data.ToDictionary(d => d.Key, d => new VolumeFile(d.Value, mode ?? DefaultMode));
        }

        Dictionary<string, VolumeFile> files = [];
        foreach (var item in items)
        {
            if (data.TryGetValue(item.Key, out var content))
            {
                files[item.Path] = new VolumeFile(content, item.Mode ?? mode ?? DefaultMode);
            }
            else if (!optional)
            {
                throw new VolumeException($"{what} has no key {item.Key}");
            }
        }

        return files;
    }

    /// <summary>A config map's data.</summary>
    public static IReadOnlyDictionary<string, byte[]>? Data(V1ConfigMap? map)
    {
        if (map is null)
        {
            return null;
        }

        var data = (map.Data ?? new Dictionary<string, string>()).ToDictionary(d => d.Key, d => Encoding.UTF8.GetBytes(d.Value));
        foreach (var (key, value) in map.BinaryData ?? new Dictionary<string, byte[]>())
        {
            data[key] = value;
        }

        return data;
    }

    /// <summary>A secret's data.</summary>
    public static IReadOnlyDictionary<string, byte[]>? Data(V1Secret? secret) =>
        secret is null ? null : (secret.Data ?? new Dictionary<string, byte[]>()).ToDictionary();

    /// <summary>Fields of the pod and resources of its containers as files.</summary>
    public static Dictionary<string, VolumeFile> Downward(IList<V1DownwardAPIVolumeFile>? items, PodFields fields, int? mode) =>
        (items ?? []).ToDictionary(
            item => item.Path,
            item => new VolumeFile(
                Encoding.UTF8.GetBytes(item.FieldRef is { } field ? fields.Field(field.FieldPath) : fields.Resource(item.ResourceFieldRef, null)),
                item.Mode ?? mode ?? DefaultMode));
}
