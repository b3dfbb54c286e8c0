using Microsoft.Extensions.Logging;

namespace Dpf.Cli.Views;

/// <summary>The log of a process that somebody else keeps: a line an entry on standard output, with the time of day.</summary>
internal static class ConsoleLog
{
    /// <summary>Begins a log.</summary>
    /// <param name="ofServers">From which level on the web server's own words are part of it.</param>
    public static ILoggerFactory Create(LogLevel ofServers) => LoggerFactory.Create(logging => logging.AddSimpleConsole(console =>
    {
        console.SingleLine = true;
        console.TimestampFormat = "HH:mm:ss.fff ";
    }).AddFilter("Microsoft", ofServers));
}
