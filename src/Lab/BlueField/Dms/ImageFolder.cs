using Dpf.Lab.Repository;
using Google.Protobuf;

namespace Dpf.Lab.BlueField.Dms;

/// <summary>The folder where images wait to be installed. Nobody but its owner may read them: a bf.cfg holds secrets.</summary>
/// <param name="folder">The folder, as this process can open it.</param>
/// <param name="writer">Whose transfers these are: several machines share one folder.</param>
internal sealed class ImageFolder(string folder, string writer)
{
    private const int LongestConfiguration = 128 * 1024;

    /// <summary>Whether an image of a name is there.</summary>
    /// <exception cref="FormatException">The name would lead out of the folder.</exception>
    public bool Has(string name) => File.Exists(PathOf(name));

    /// <summary>Begins to take in an image; it appears under its name when it is complete.</summary>
    /// <exception cref="FormatException">The name would lead out of the folder.</exception>
    /// <exception cref="IOException">Another transfer of the same image goes on.</exception>
    public ImageTransfer Receive(string name)
    {
        var path = PathOf(name);

        // One name a machine and image: a transfer that was cut off is overwritten by the next, not forgotten.
        return new ImageTransfer(Path.Combine(folder, $".{name}.{writer}.part"), path);
    }

    /// <summary>Makes sure that a bundle is a boot image for the cards of this lab.</summary>
    /// <exception cref="FormatException">It is not; the message says what is wrong.</exception>
    public void CheckBundle(string name)
    {
        using var stream = OpenRead(name);
        var head = new byte[4096];
        var read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        if (BootImage.OperatingSystem(head.AsSpan(0, read)) != BootImage.LabSystem)
        {
            throw new FormatException($"{name} is no boot image for a BlueField of this lab; use one that the lab's repository serves");
        }
    }

    /// <summary>The text of a configuration.</summary>
    /// <exception cref="FormatException">There is none, or it is too long for a card's memory.</exception>
    public string ReadConfiguration(string name)
    {
        using var stream = OpenRead(name);
        if (stream.Length > LongestConfiguration)
        {
            throw new FormatException($"{name} has {stream.Length} bytes; a card takes {LongestConfiguration}");
        }

        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private FileStream OpenRead(string name)
    {
        try
        {
            return File.OpenRead(PathOf(name));
        }
        catch (FileNotFoundException e)
        {
            throw new FormatException($"{name} is not in the image folder; install it first", e);
        }
    }

    private string PathOf(string name) => name.Length > 0 && name[0] != '.' && name.IndexOfAny(['/', '\0']) < 0
        ? Path.Combine(folder, name)
        : throw new FormatException($"'{name}' is no name of an image");
}

/// <summary>An image on its way in.</summary>
internal sealed class ImageTransfer : IAsyncDisposable
{
    private readonly FileStream _stream;
    private readonly string _target;

    internal ImageTransfer(string part, string target)
    {
        _target = target;
        _stream = new FileStream(part, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Share = FileShare.None,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
    }

    /// <summary>How many bytes have come.</summary>
    public ulong Received => (ulong)_stream.Position;

    /// <summary>Takes in a piece.</summary>
    public ValueTask AppendAsync(ByteString content, CancellationToken cancellation) => _stream.WriteAsync(content.Memory, cancellation);

    /// <summary>The image is complete.</summary>
    public async Task CompleteAsync(CancellationToken cancellation)
    {
        await _stream.FlushAsync(cancellation);
        File.Move(_stream.Name, _target, overwrite: true);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        File.Delete(_stream.Name);
    }
}
