using Microsoft.Extensions.Logging;

namespace Dpf.FleetBench;

/// <summary>Warnings and worse, in a file.</summary>
internal sealed class FileLog(string path) : ILoggerFactory
{
    private readonly StreamWriter _writer = new(path) { AutoFlush = true };

    public ILogger CreateLogger(string categoryName) => new Lines(this, categoryName);

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose() => _writer.Dispose();

    private sealed class Lines(FileLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                lock (log._writer)
                {
                    log._writer.WriteLine($"{category}: {formatter(state, exception)} {exception}");
                }
            }
        }
    }
}
