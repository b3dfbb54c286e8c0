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
        ImageFolder = context.Option("image-folder", "/bfb")!,
        ExecTimeout = context.Option("exec-timeout", "0")!,
        Authority = context.Required("ca"),
        Certificate = context.Required("tls-cert"),
        Key = context.Required("tls-key"),
    };

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
