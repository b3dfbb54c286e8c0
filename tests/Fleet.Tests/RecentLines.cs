using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Dpf.Fleet.Tests;

/// <summary>The last lines of everybody's log, for whoever asks why a test failed.</summary>
internal sealed class RecentLines(int count) : ILoggerFactory
{
    private readonly ConcurrentQueue<string> _lines = [];

    public IEnumerable<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    private void Add(string line)
    {
        _lines.Enqueue(line);
        while (_lines.Count > count)
        {
            _lines.TryDequeue(out _);
        }
    }

    private sealed class Logger(RecentLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                lines.Add($"{category}: {formatter(state, exception)} {exception?.Message}");
            }
        }
    }
}
