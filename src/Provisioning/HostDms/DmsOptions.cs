using System.Globalization;
using System.Security.Cryptography;
using Dpf.Runtime.Dms;
using Dpf.Runtime.Hosting;

namespace Dpf.Provisioning.HostDms;

/// <summary>What the <c>dms</c> component is told, and what it tells NVIDIA's <c>dmsd</c>.</summary>
internal sealed record DmsOptions
{
    private const string Program = "/opt/mellanox/doca/services/dms/dmsd";

    /// <summary>Where it listens.</summary>
    public required string BindAddress { get; init; }

    /// <summary>The card, <c>bus:device</c>.</summary>
    public required string TargetPci { get; init; }

    /// <summary>The same with its domain: <c>0000:03:00</c>.</summary>
    public required string Pci { get; init; }

    /// <summary>The folder of images.</summary>
    public required string ImageFolder { get; init; }

    /// <summary>How long an installation may take, seconds; 0 for ever.</summary>
    public required string ExecTimeout { get; init; }

    /// <summary>The authority of clients.</summary>
    public required string Authority { get; init; }

    /// <summary>The serving certificate.</summary>
    public required string Certificate { get; init; }

    /// <summary>Its key.</summary>
    public required string Key { get; init; }

    /// <summary>The TCP port.</summary>
    public string Port => BindAddress[(BindAddress.LastIndexOf(':') + 1)..];

    /// <summary>Reads the options of a component.</summary>
    /// <exception cref="InvalidOperationException">One is missing.</exception>
    public static DmsOptions Of(ComponentContext context) => new()
    {
        BindAddress = context.Option("bind-address", string.Create(CultureInfo.InvariantCulture, $"0.0.0.0:{DmsMethods.Port}"))!,
        TargetPci = context.Required("target-pci"),
        Pci = context.Option("pci", "0000:" + context.Required("target-pci"))!,
        ImageFolder = context.Option("image-folder", "/bfb")!,
        ExecTimeout = context.Option("exec-timeout", "0")!,
        Authority = context.Required("ca"),
        Certificate = context.Required("tls-cert"),
        Key = context.Required("tls-key"),
    };

    /// <summary>
    /// The command line of the card's rshim driver. Told no device it would attach to every BlueField of the host; several of them
    /// need an index each, of which <c>/dev/rshimN</c> and <c>tmfifo_netN</c> have their names: the ports of a host's DMS pods are
    /// all different, so these are.
    /// </summary>
    /// <remarks>
    /// Options and the form of the device, <c>pcie-DOMAIN:BUS:DEVICE.FUNCTION</c>, are those of rshim(8) and of
    /// <c>src/rshim_pcie.c</c> in github.com/Mellanox/rshim-user-space. The page's shorter example is of earlier releases: the name is
    /// compared letter by letter with one that has the domain.
    /// </remarks>
    /// <param name="management">The card's management function; null when the host does not show it: then by USB, if at all.</param>
    public IReadOnlyList<string> RshimCommand(string? management)
    {
        var index = int.TryParse(Port, CultureInfo.InvariantCulture, out var port) && port >= DmsMethods.Port ? port - DmsMethods.Port : 0;
        return
        [
            "rshim", "--foreground", "--index", index.ToString(CultureInfo.InvariantCulture),
            .. management is null ? (string[])[] : ["--device", "pcie-" + management],
        ];
    }

    /// <summary>The command line of dmsd.</summary>
    public IReadOnlyList<string> Command() =>
    [
        Program,
        "-bind_address", BindAddress,
        "-auth", "cert",
        "-ca", Authority,
        "-tls_cert_file", Certificate,
        "-tls_key_file", Key,

        // Certificates are what counts. It also wants an account; nobody knows this one's password.
        "-username", "admin",
        "-password", RandomNumberGenerator.GetHexString(32, lowercase: true),
        "-image_folder", ImageFolder,
        "-target_pci", TargetPci,
        "-exec_timeout", ExecTimeout,
        "-disable_unbind_at_activate",
        "-reboot_status_check", "none",
    ];
}
