using System.CommandLine;
using Dpf.Cli.Composition;
using Dpf.Cli.Views;
using Dpf.Helm.Charts;
using Dpf.Helm.Repositories;
using Spectre.Console;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf publish</c>.</summary>
internal static class PublishCommand
{
    public static Command Create()
    {
        var repository = new Argument<string>("repository") { Description = "where the charts go: oci://HOST[:PORT]/PATH" };
        var image = new Option<string>("--image") { Description = "the components' image that the charts name, REPOSITORY:TAG", Required = true };
        var hostDriver = new Option<string>("--hostdriver-image")
        {
            Description = "the image with NVIDIA's tools for the hosts of a DPU, REPOSITORY:TAG", Required = true,
        };
        var version = new Option<string>("--version") { Description = "the version that the guide calls TAG", DefaultValueFactory = _ => "v24.10.0" };
        var dependencies = new Option<string?>("--dependencies")
        {
            Description = "take other projects' charts from this folder of charts or archives (NAME-VERSION.tgz), not from their own repositories",
        };
        var plain = new Option<bool>("--plain-http") { Description = "the registry speaks HTTP without TLS" };
        var command = new Command(
            "publish",
            """
            Write the charts of a release, with the images that they name and the charts that they need, to an OCI registry.

            Logins are those of helm, docker or podman. It ends with the guide's variables for what was written.

            Example:
              ./dpf publish oci://registry.example.com/dpf --image registry.example.com/dpf/dpf-system:v24.10.0 \
                --hostdriver-image registry.example.com/dpf/hostdriver:v24.10.0
            """)
        {
            repository, image, hostDriver, version, dependencies, plain,
        };
        command.SetAction((result, cancellation) => RunAsync(
            new ChartRelease(
                Repository(result.GetValue(repository)!), result.GetValue(image)!, result.GetValue(hostDriver)!, Version(result.GetValue(version)!)),
            result.GetValue(dependencies), result.GetValue(plain), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ChartRelease release, string? dependencies, bool plain, CancellationToken cancellation)
    {
        var registry = release.Repository["oci://".Length..].Split('/')[0];
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(2) };
        var progress = new ProgressView(Terminal.Error);
        try
        {
            var pusher = new ChartPusher(http)
            {
                PlainHttp = new HashSet<string>(plain ? [registry] : [], StringComparer.Ordinal),
                Credentials = RegistryLogin.Find(RegistryLogin.Files(Environment.GetEnvironmentVariable), registry),
            };
            foreach (var name in PublishedCharts.Names)
            {
                var folder = Path.Combine(Home.Path, "deploy/charts", name);
                var needed = new Dictionary<string, byte[]>(StringComparer.Ordinal);
                foreach (var dependency in PublishedCharts.DependenciesOf(folder))
                {
                    needed[dependency.Chart] = dependencies is null
                        ? await FetchAsync(http, dependency, progress, cancellation)
                        : await LocalAsync(dependencies, dependency, cancellation);
                }

                var package = PublishedCharts.Pack(folder, release, needed);
                await pusher.PushAsync(package, release.Repository, cancellation);
                Terminal.Error.MarkupLine($"[green]✓[/] {Markup.Escape($"{release.Repository}/{package.Name}:{package.Version}")}");
            }
        }
        catch (ChartException e)
        {
            throw new UserErrorException(e.Message);
        }

        Console.WriteLine($"export REGISTRY={release.Repository}/dpf-operator");
        Console.WriteLine($"export TAG={release.Version}");
        Console.WriteLine($"export OVN_KUBERNETES_REPO_URL={release.Repository}");
        Console.WriteLine($"export NGC_HELM_REGISTRY_REPO_URL={release.Repository}");
        return 0;
    }

    private static async Task<byte[]> FetchAsync(HttpClient http, ChartReference dependency, ProgressView progress, CancellationToken cancellation)
    {
        progress.Passing($"{dependency.Chart} {dependency.Version} from {dependency.Repository}");
        try
        {
            return await new ChartFetcher(http).ArchiveAsync(dependency, cancellation);
        }
        finally
        {
            progress.Passing("");
        }
    }

    private static async Task<byte[]> LocalAsync(string folder, ChartReference dependency, CancellationToken cancellation)
    {
        var chart = Path.Combine(folder, dependency.Chart);
        var archive = $"{chart}-{dependency.Version}.tgz";
        return File.Exists(archive) ? await File.ReadAllBytesAsync(archive, cancellation)
            : Directory.Exists(chart) ? ChartPackage.Pack(chart, new PackOptions()).Archive
            : throw new UserErrorException($"--dependencies {folder}: neither {Path.GetFileName(archive)} nor a folder {dependency.Chart} is there", 2);
    }

    private static string Repository(string text) =>
        text.StartsWith("oci://", StringComparison.Ordinal) && text["oci://".Length..].Trim('/') is { Length: > 0 } place
            ? "oci://" + place
            : throw new UserErrorException($"{text}: a registry of charts is written oci://HOST[:PORT]/PATH", 2);

    private static string Version(string text) => SemanticVersion.TryParse(text, out _)
        ? text
        : throw new UserErrorException($"--version {text}: no version as charts have them, e.g. v24.10.0", 2);
}
