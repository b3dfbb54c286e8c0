using System.Threading.Channels;
using Dpf.Lab.Kubelet.Containers;
using Dpf.Lab.Kubelet.Pods;
using Dpf.Runtime.Clusters;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Volumes;

/// <summary>The volumes of one pod: made before its containers start, kept up to date while they run.</summary>
internal sealed class PodVolumes(NodeContext node, Func<V1Pod> pod, Func<PodFields> fields) : IDisposable
{
    private const string Root = "/var/lib/kubelet/pods";
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, string> _sources = [];
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly VolumeWriter _writer = new(node, pod, fields);

    private string Folder => $"{Root}/{pod().Metadata.Uid}";

    /// <summary>Makes all volumes, waiting for what they need.</summary>
    public async Task MountAsync(CancellationToken cancellation)
    {
        _writer.Changed += Refresh;
        Directory.CreateDirectory(
            node.Machine.Path(Root), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var volume in pod().Spec.Volumes ?? [])
        {
            string? told = null;
            while (true)
            {
                try
                {
                    _sources[volume.Name] = await MakeAsync(volume, cancellation);
                    break;
                }
                catch (Exception e) when (e is VolumeException or KubeException or IOException or HttpRequestException or TimeoutException)
                {
                    var message = $"MountVolume.SetUp failed for volume \"{volume.Name}\" : {e.Message}";
                    if (message != told)
                    {
                        told = message;
                        await node.Events.WarningAsync(pod(), "FailedMount", message, cancellation);
                    }

                    await WaitAsync(Retry, cancellation);
                }
            }
        }
    }

    /// <summary>Something that the volumes show may have changed.</summary>
    public void Refresh() => _changed.Writer.TryWrite(true);

    /// <summary>Rewrites what has changed, and renews tokens, until cancelled.</summary>
    public async Task KeepAsync(CancellationToken cancellation)
    {
        var written = (pod().Spec.Volumes ?? []).Where(VolumeWriter.IsWritten).ToList();
        if (written.Count == 0)
        {
            return;
        }

        while (true)
        {
            var left = _writer.NextRenewal - node.Time.GetUtcNow();
            await WaitAsync(left > TimeSpan.FromHours(1) ? TimeSpan.FromHours(1) : left > Retry ? left : Retry, cancellation);
            foreach (var volume in written)
            {
                try
                {
                    await _writer.WriteAsync(volume, _sources[volume.Name], cancellation);
                }
                catch (Exception e) when (e is VolumeException or KubeException or IOException or HttpRequestException or TimeoutException)
                {
                    // What was there before stays.
                    node.Logger.LogDebug("{Pod}: volume {Volume}: {Message}", pod().Metadata.Name, volume.Name, e.Message);
                }
            }
        }
    }

    /// <summary>A container's mounts.</summary>
    /// <exception cref="ContainerCreationException">It mounts what the pod does not have.</exception>
    public IReadOnlyList<ContainerMount> MountsOf(V1Container container, IReadOnlyDictionary<string, string> environment)
    {
        List<ContainerMount> mounts = [];
        foreach (var mount in container.VolumeMounts ?? [])
        {
            if (!_sources.TryGetValue(mount.Name, out var path))
            {
                throw new ContainerCreationException("CreateContainerConfigError", $"volumeMount {mount.Name}: the pod has no such volume");
            }

            var below = mount.SubPathExpr is { Length: > 0 } expression
                ? VariableExpansion.Expand(expression, environment)
                : mount.SubPath;
            if (below is { Length: > 0 })
            {
                path = $"{path.TrimEnd('/')}/{below}";
                var real = node.Machine.Path(path);
                if (!File.Exists(real) && !Directory.Exists(real))
                {
                    Directory.CreateDirectory(real);
                }
            }

            // What a container mounts itself stays with it, Bidirectional or not: nothing on a machine waits for it.
            mounts.Add(new ContainerMount(
                mount.MountPath, path, mount.ReadOnlyProperty == true, mount.MountPropagation is "HostToContainer" or "Bidirectional"));
        }

        return mounts;
    }

    /// <summary>Removes what the kubelet made.</summary>
    public void Remove()
    {
        try
        {
            var folder = node.Machine.Path(Folder);
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            node.Logger.LogWarning("{Pod}: removing its volumes: {Message}", pod().Metadata.Name, e.Message);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _writer.Changed -= Refresh;
        _writer.Dispose();
    }

    // A machine's /var/run is a link, which this process would follow to its own.
    private static string Normal(string path) =>
        path == "/var/run" || path.StartsWith("/var/run/", StringComparison.Ordinal) ? path[4..] : path;

    private async Task WaitAsync(TimeSpan longest, CancellationToken cancellation)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(_changed.Reader.WaitToReadAsync(wait.Token).AsTask(), node.DelayAsync(longest, wait.Token));
        await wait.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
        _changed.Reader.TryRead(out _);
    }

    private async Task<string> MakeAsync(V1Volume volume, CancellationToken cancellation)
    {
        var own = $"{Folder}/v/{volume.Name}";
        switch (volume)
        {
            case { HostPath: { } host }:
                return MakeHostPath(Normal(host.Path), host.Type);
            case { PersistentVolumeClaim: { } claim }:
                return await ClaimAsync(claim.ClaimName, cancellation);
            case { Nfs: { } nfs }:
                return Export(nfs);
            case { EmptyDir: not null }:
                Directory.CreateDirectory(node.Machine.Path(own), (UnixFileMode)0x1FF);
                return own;
            case var made when VolumeWriter.IsWritten(made):
                await _writer.WriteAsync(volume, own, cancellation);
                return own;
            default:
                throw new VolumeException("its type is not supported; use emptyDir, hostPath, configMap, secret, projected, downwardAPI, nfs or a claim");
        }
    }

    private string MakeHostPath(string path, string? type)
    {
        var real = node.Machine.Path(path);
        switch (type ?? "")
        {
            case "DirectoryOrCreate":
                Directory.CreateDirectory(real);
                break;
            case "FileOrCreate" when !File.Exists(real):
                Directory.CreateDirectory(Path.GetDirectoryName(real)!);
                File.WriteAllBytes(real, []);
                break;
            case "" when !File.Exists(real) && !Directory.Exists(real):
                Directory.CreateDirectory(real);
                break;
            case "Directory" when !Directory.Exists(real):
            case "File" or "Socket" or "CharDevice" or "BlockDevice" when !File.Exists(real):
                throw new VolumeException($"hostPath type check failed: {path} is not a {type!.ToLowerInvariant()}");
        }

        return path;
    }

    private async Task<string> ClaimAsync(string name, CancellationToken cancellation)
    {
        var claim = await node.Client.GetAsync<V1PersistentVolumeClaim>(pod().Metadata.NamespaceProperty, name, cancellation)
            ?? throw new VolumeException($"persistentvolumeclaim \"{name}\" not found");
        if (claim.Spec.VolumeName is not { Length: > 0 } volumeName || claim.Status?.Phase != "Bound")
        {
            throw new VolumeException($"persistentvolumeclaim \"{name}\" is not bound yet");
        }

        var volume = await node.Client.GetAsync<V1PersistentVolume>(null, volumeName, cancellation)
            ?? throw new VolumeException($"persistentvolume \"{volumeName}\" not found");
        return volume.Spec switch
        {
            { Nfs: { } nfs } => Export(new V1NFSVolumeSource { Server = nfs.Server, Path = nfs.Path }),
            { HostPath: { } host } => MakeHostPath(Normal(host.Path), host.Type ?? "DirectoryOrCreate"),
            { Local: { } local } => MakeHostPath(Normal(local.Path), "DirectoryOrCreate"),
            _ => throw new VolumeException($"persistentvolume \"{volumeName}\": its type is not supported; use nfs, hostPath or local"),
        };
    }

    private string Export(V1NFSVolumeSource nfs) =>
        node.Options.NfsFolder(nfs.Server, nfs.Path) ?? throw new VolumeException($"mount.nfs: {nfs.Server}:{nfs.Path}: no such export");
}
