using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>The log of a container that runs in this process: lines of the container runtime interface's form.</summary>
internal sealed class ContainerLog : ILoggerFactory
{
    private const long MaxLength = 16 << 20;
    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly TimeProvider _time;
    private FileStream? _file;

    public ContainerLog(string path, TimeProvider time)
    {
        (_path, _time) = (path, time);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _file = Open();
    }

    /// <inheritdoc />
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("a container's log goes to its file alone");

    /// <inheritdoc />
    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    /// <summary>Writes text, a line each.</summary>
    public void Write(string text)
    {
        var stamp = _time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture);
        var lines = new StringBuilder();
        foreach (var line in text.TrimEnd().Split('\n'))
        {
            lines.Append(stamp).Append(" stdout F ").Append(line.TrimEnd('\r')).Append('\n');
        }

        lock (_lock)
        {
            if (_file is null)
            {
                return;
            }

            if (_file.Length > MaxLength)
            {
                _file.Dispose();
                File.Move(_path, _path + ".1", overwrite: true);
                _file = Open();
            }

            _file.Write(Encoding.UTF8.GetBytes(lines.ToString()));
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_lock)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    private FileStream Open() => new(_path, new FileStreamOptions
    {
        Mode = FileMode.Append,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite | FileShare.Delete,
        BufferSize = 0,
    });

    private sealed class Category(ContainerLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= (name.StartsWith("Microsoft.", StringComparison.Ordinal) ? LogLevel.Warning : LogLevel.Information);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var level = logLevel switch
            {
                LogLevel.Information => "I",
                LogLevel.Warning => "W",
                _ => "E",
            };
            log.Write($"{level} {name}: {formatter(state, exception)}{(exception is null ? "" : "\n" + exception)}");
        }
    }
}
