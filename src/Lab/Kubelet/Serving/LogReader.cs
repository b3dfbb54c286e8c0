using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Dpf.Lab.Kubelet.Serving;

/// <summary>What a reader of a log wants.</summary>
internal sealed record LogRequest(bool Follow, bool Timestamps, int? Tail, DateTimeOffset? Since, long? Limit)
{
    /// <summary>Reads a query such as <c>follow=true&amp;tailLines=10</c>.</summary>
    public static LogRequest From(IQueryCollection query, DateTimeOffset now)
    {
        long? Number(string name) =>
            long.TryParse(query[name], NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : null;
        bool IsOn(string name) => query[name] == "true" || query[name] == "1";
        var since = Number("sinceSeconds") is { } seconds ? now.AddSeconds(-seconds)
            : DateTimeOffset.TryParse(query["sinceTime"], CultureInfo.InvariantCulture, out var time) ? time
            : (DateTimeOffset?)null;
        return new LogRequest(IsOn("follow"), IsOn("timestamps"), (int?)Number("tailLines"), since, Number("limitBytes"));
    }
}

/// <summary>Shows a container's log file: lines with a stamp and a stream as components write them, or plain ones.</summary>
internal sealed class LogReader(string path, LogRequest request, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private long _left = request.Limit ?? long.MaxValue;
    private DateTimeOffset _last = time.GetUtcNow();

    /// <summary>Copies what is asked for, until <paramref name="ended"/> says that nothing more will come.</summary>
    public async Task CopyAsync(Stream to, Func<bool> ended, CancellationToken cancellation)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        _last = new DateTimeOffset(File.GetCreationTimeUtc(path));
        using var reader = new StreamReader(file, Encoding.UTF8);
        Queue<string> tail = [];
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (request.Tail is not { } count)
            {
                await WriteAsync(to, line, cancellation);
            }
            else if (count > 0)
            {
                tail.Enqueue(line);
                if (tail.Count > count)
                {
                    tail.Dequeue();
                }
            }
        }

        foreach (var line in tail)
        {
            await WriteAsync(to, line, cancellation);
        }

        await to.FlushAsync(cancellation);
        if (!request.Follow)
        {
            return;
        }

        var part = new StringBuilder();
        while (_left > 0)
        {
            var over = ended();
            var buffer = new char[8192];
            int read;
            while ((read = await reader.ReadAsync(buffer, cancellation)) > 0)
            {
                part.Append(buffer, 0, read);
                var text = part.ToString();
                var end = text.LastIndexOf('\n');
                if (end >= 0)
                {
                    foreach (var line in text[..end].Split('\n'))
                    {
                        await WriteAsync(to, line, cancellation);
                    }

                    part.Clear().Append(text.AsSpan(end + 1));
                    await to.FlushAsync(cancellation);
                }
            }

            if (over)
            {
                return;
            }

            await Task.Delay(Interval, time, cancellation);
        }
    }

    /// <summary>A line's stamp and text; no stamp when it has none.</summary>
    public static (DateTimeOffset? Stamp, string Text) Parse(string line)
    {
        var parts = line.Split(' ', 4);
        return parts is [var stamp, "stdout" or "stderr", "F" or "P", _] &&
            DateTimeOffset.TryParse(stamp, CultureInfo.InvariantCulture, out var time)
                ? (time, parts[3])
                : (null, line);
    }

    private async Task WriteAsync(Stream to, string line, CancellationToken cancellation)
    {
        var (stamp, text) = Parse(line);
        _last = stamp ?? _last;
        if (request.Since is { } since && _last < since)
        {
            return;
        }

        var shown = request.Timestamps
            ? $"{_last.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture)} {text}\n"
            : text + "\n";
        var bytes = Encoding.UTF8.GetBytes(shown);
        var length = (int)Math.Min(bytes.Length, _left);
        _left -= length;
        await to.WriteAsync(bytes.AsMemory(0, length), cancellation);
    }
}
