using Dpf.Lab.Machines;

namespace Dpf.Cli.Daemon;

/// <summary>What a lab is built as.</summary>
/// <param name="Workers">How many workers there are, each with a BlueField.</param>
/// <param name="IsIsolated">Whether the product's components run as containers of processes of their own.</param>
/// <param name="Image">The folder of these containers' root file system; null for the machines' own.</param>
public sealed record LabShape(int Workers, bool IsIsolated, string? Image)
{
    /// <summary>The lab of somebody who asks for nothing.</summary>
    public static LabShape Usual { get; } = new(2, false, null);
}

/// <summary>What a user asks of a lab; null for what was not said.</summary>
/// <param name="Workers">How many workers.</param>
/// <param name="IsIsolated">Whether components run as containers.</param>
/// <param name="Image">The folder of the components' image, unpacked; with it they run as containers.</param>
public sealed record LabWish(int? Workers, bool? IsIsolated, string? Image)
{
    /// <summary>The lab to build.</summary>
    public LabShape Shape => new(Workers ?? LabShape.Usual.Workers, Isolated ?? LabShape.Usual.IsIsolated, Image);

    private bool? Isolated => Image is null ? IsIsolated : true;

    /// <summary>What a lab that runs already cannot become; null when it is as wished.</summary>
    public string? Unmet(LabShape running) =>
        Workers is { } workers && workers != running.Workers ? $"--workers {workers}: the lab that runs has {running.Workers}; run ./dpf down first"
        : Image is { } image && image != running.Image
            ? $"--image {image}: the lab that runs has {running.Image ?? "none"}; run ./dpf down first"
        : Isolated is { } isolated && isolated != running.IsIsolated
            ? $"--isolated: the lab that runs was brought up {(running.IsIsolated ? "with" : "without")} it; run ./dpf down first"
        : null;

    /// <summary>What is wrong with the wish itself; null when nothing is.</summary>
    public string? Problem =>
        Workers is < 1 or > 4 ? $"--workers {Workers}: the lab has room for 1 to 4"
        : Image is not { } image ? null
        : IsIsolated == false ? "--isolated false: with --image every component is a container"
        : !Directory.Exists(image) ? $"--image {image}: no folder; unpack the image there, e.g. with docker export, or make it with eng/image-root"
        : !Path.Exists(image + Machine.Program)
            ? $"--image {image}: no root file system of the components' image: it has no {Machine.Program} (deploy/image/Containerfile)"
        : null;
}
