using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Dpf.Services.Tests;

/// <summary>Keeps the last lines that controllers logged, to be shown when a test fails.</summary>
internal sealed class RecentLog : ILoggerFactory, ILogger
{
    private const int Kept = 40;
    private static readonly ConcurrentQueue<string> Lines = new();

    public static string Text => string.Join('\n', Lines);

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
        while (Lines.Count > Kept)
        {
            Lines.TryDequeue(out _);
        }
    }
}
