using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Dpf.Runtime.Hosting;

namespace Dpf.Provisioning.Bfbs;

/// <summary>
/// Fetches a file by HTTP into a folder: what came before a connection broke is kept and not fetched again, and the file appears
/// under its name only when it is whole.
/// </summary>
internal sealed class HttpDownload : IDisposable
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);
    private readonly HttpClient _http;
    private readonly string _folder;
    private readonly TimeProvider _time;

    public HttpDownload(ComponentContext context, string folder)
    {
        (_folder, _time) = (folder, context.Time);
        var names = new NameResolution(context.Machine);
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),
            ConnectCallback = async (call, cancellation) =>
            {
                var addresses = await names.ResolveAsync(call.DnsEndPoint.Host, cancellation);
                var socket = context.Network.CreateSocket(addresses[0].AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    socket.NoDelay = true;
                    await socket.ConnectAsync(addresses, call.DnsEndPoint.Port, cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Fetches a file.</summary>
    /// <param name="url">From where.</param>
    /// <param name="part">The name that it grows under; what is there already is continued.</param>
    /// <param name="name">The name that it gets.</param>
    /// <param name="say">Told how it goes, not too often.</param>
    /// <param name="accept">Looks at what came before it gets its name; what it refuses is removed.</param>
    /// <param name="cancellation">Gives up; what came is kept.</param>
    /// <exception cref="DownloadException">The server has no such file, or it was not accepted.</exception>
    /// <exception cref="HttpRequestException">The server does not answer.</exception>
    /// <exception cref="IOException">The connection broke, or the volume is full.</exception>
    public async Task<BootStreamContent> FetchAsync(
        Uri url, string part, string name, Action<string> say, Func<string, CancellationToken, Task<BootStreamContent>> accept,
        CancellationToken cancellation)
    {
        var (partPath, tagPath) = (Path.Combine(_folder, part), Path.Combine(_folder, part + ".etag"));
        var tag = File.Exists(tagPath) ? await File.ReadAllTextAsync(tagPath, cancellation) : "";
        var have = tag.Length > 0 && File.Exists(partPath) ? new FileInfo(partPath).Length : 0;
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var timer = _time.CreateTimer(_ => silence.Cancel(), null, Silence, Timeout.InfiniteTimeSpan);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            if (have > 0)
            {
                // Only if it is the same file still.
                request.Headers.Range = new RangeHeaderValue(have, null);
                request.Headers.IfRange = new RangeConditionHeaderValue(EntityTagHeaderValue.Parse(tag));
            }

            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence.Token);
            var isContinued = response.StatusCode == HttpStatusCode.PartialContent;
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                File.Delete(partPath);
                throw new IOException($"{url}: what was fetched before does not fit any more");
            }

            if (response.StatusCode != HttpStatusCode.OK && !isContinued)
            {
                var code = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
                throw new DownloadException(
                    BfbConditions.HttpStatus + code, $"{url}: the server answers {code} {response.ReasonPhrase}",
                    (int)response.StatusCode is >= 500 or 408 or 429);
            }

            await RememberAsync(tagPath, response.Headers.ETag, cancellation);
            var total = isContinued ? response.Content.Headers.ContentRange?.Length : response.Content.Headers.ContentLength;
            CheckRoom(url, total - (isContinued ? have : 0));
            await CopyAsync(response, partPath, isContinued, new Progress(url, total, say, timer, _time), silence.Token);
            Check(url, partPath, total);
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            say($"{url}: what came is read to its end");
            var content = await AcceptAsync(accept, part, cancellation);
            File.SetUnixFileMode(
                partPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            File.Move(partPath, Path.Combine(_folder, name), overwrite: true);
            File.Delete(tagPath);
            return content;
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"{url}: nothing came for {Silence.TotalSeconds:0} s", e);
        }
    }

    /// <summary>Removes what is left of a file that was not fetched whole.</summary>
    public void Forget(string part)
    {
        foreach (var path in (string[])[Path.Combine(_folder, part), Path.Combine(_folder, part + ".etag")])
        {
            if (File.Exists(path))
            {
                File.Delete(path);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private async Task<BootStreamContent> AcceptAsync(
        Func<string, CancellationToken, Task<BootStreamContent>> accept, string part, CancellationToken cancellation)
    {
        try
        {
            return await accept(Path.Combine(_folder, part), cancellation);
        }
        catch (DownloadException)
        {
            Forget(part);
            throw;
        }
    }

    private void CheckRoom(Uri url, long? wanted)
    {
        var free = new DriveInfo(_folder).AvailableFreeSpace;
        if (wanted > free)
        {
            throw new DownloadException(
                BfbConditions.NoSpace,
                string.Create(CultureInfo.InvariantCulture, $"{url}: {wanted} bytes are still to come, the volume of boot images has {free} free; make room, or enlarge it"),
                mayPass: false);
        }
    }

    private static async Task RememberAsync(string tagPath, EntityTagHeaderValue? tag, CancellationToken cancellation)
    {
        if (tag is { IsWeak: false })
        {
            await File.WriteAllTextAsync(tagPath, tag.ToString(), cancellation);
        }
        else
        {
            // Without a tag a changed file could not be told from the same one.
            File.Delete(tagPath);
        }
    }

    private static async Task CopyAsync(HttpResponseMessage response, string partPath, bool isContinued, Progress progress, CancellationToken cancellation)
    {
        await using var file = new FileStream(partPath, isContinued ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.None);
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[1 << 20];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellation)) > 0)
        {
            await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
            progress.Come(file.Position);
        }

        await file.FlushAsync(cancellation);
    }

    private static void Check(Uri url, string partPath, long? total)
    {
        var length = new FileInfo(partPath).Length;
        if (length == 0 || (total is { } expected && expected != length))
        {
            if (length == 0 || length > total)
            {
                File.Delete(partPath);
            }

            throw new IOException($"{url}: {length} bytes came instead of {(total is { } e ? e.ToString(CultureInfo.InvariantCulture) : "some")}");
        }
    }

    /// <summary>Puts off the moment at which silence is an end, and tells from time to time how much has come.</summary>
    private sealed class Progress(Uri url, long? total, Action<string> say, ITimer silence, TimeProvider time)
    {
        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
        private long _said = time.GetTimestamp() - (long)(Interval.TotalSeconds * time.TimestampFrequency);

        public void Come(long bytes)
        {
            silence.Change(Silence, Timeout.InfiniteTimeSpan);
            if (time.GetElapsedTime(_said) >= Interval)
            {
                _said = time.GetTimestamp();
                say(string.Create(CultureInfo.InvariantCulture, $"{url}: {bytes} of {(total is { } all ? all.ToString(CultureInfo.InvariantCulture) : "?")} bytes"));
            }
        }
    }
}
