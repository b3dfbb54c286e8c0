namespace Dpf.Runtime.Clusters;

/// <summary>A token that a kubelet writes anew long before it ends: read again every few seconds, not at every request.</summary>
/// <param name="path">The file.</param>
internal sealed class TokenFile(string path)
{
    private static readonly long FreshMilliseconds = (long)TimeSpan.FromSeconds(10).TotalMilliseconds;
    private volatile Reading? _last;

    /// <summary>The token. A secret.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public string Read()
    {
        var now = Environment.TickCount64;
        if (_last is { } last && now - last.At < FreshMilliseconds)
        {
            return last.Token;
        }

        var read = new Reading(File.ReadAllText(path).Trim(), now);
        _last = read;
        return read.Token;
    }

    // One object: requests read it while another is writing.
    private sealed record Reading(string Token, long At);
}
