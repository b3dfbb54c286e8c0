using System.Globalization;
using System.Net;
using Dpf.Runtime.Dms;
using Dpf.Runtime.Hosting;

namespace Dpf.Lab.BlueField.Dms;

/// <summary>What the command line of DMS says.</summary>
internal sealed record DmsOptions
{
    /// <summary>Where it listens.</summary>
    public required IPEndPoint Endpoint { get; init; }

    /// <summary>The card that it serves, <c>bus:device</c>.</summary>
    public required string TargetPci { get; init; }

    /// <summary>The folder of images, as this process can open it.</summary>
    public required string ImageFolder { get; init; }

    /// <summary>How long an installation may take; infinite for ever.</summary>
    public required TimeSpan ExecTimeout { get; init; }

    /// <summary>The authority of clients, the serving certificate and its key: paths that this process can open.</summary>
    public required (string Authority, string Certificate, string Key) Tls { get; init; }

    /// <summary>Reads the options of a component.</summary>
    /// <exception cref="InvalidOperationException">One is missing or makes no sense; the message says which.</exception>
    public static DmsOptions Of(ComponentContext context)
    {
        var address = context.Option("bind-address", string.Create(CultureInfo.InvariantCulture, $"0.0.0.0:{DmsMethods.Port}"))!;
        var timeout = context.Option("exec-timeout", "0")!;
        return new DmsOptions
        {
            Endpoint = IPEndPoint.TryParse(address, out var endpoint) && endpoint.Port != 0
                ? endpoint
                : throw new InvalidOperationException($"{context.Name}: --bind-address={address} is no ADDRESS:PORT"),
            TargetPci = context.Required("target-pci"),
            ImageFolder = context.Path(context.Option("image-folder", "/bfb")!),
            ExecTimeout = int.TryParse(timeout, CultureInfo.InvariantCulture, out var seconds) && seconds >= 0
                ? seconds == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds)
                : throw new InvalidOperationException($"{context.Name}: --exec-timeout={timeout} is no number of seconds"),
            Tls = (context.Path(context.Required("ca")), context.Path(context.Required("tls-cert")), context.Path(context.Required("tls-key"))),
        };
    }
}
