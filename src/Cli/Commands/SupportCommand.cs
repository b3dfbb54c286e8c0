using System.CommandLine;
using Dpf.Cli.Clusters;
using Dpf.Cli.Views;
using Dpf.Guide.Support;
using Spectre.Console;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf support</c>.</summary>
internal static class SupportCommand
{
    public static Command Create()
    {
        var file = new Option<string>("--file", "-f")
        {
            Description = "the archive", DefaultValueFactory = _ => $"dpf-support-{TimeProvider.System.GetUtcNow():yyyyMMdd-HHmmss}.tar.gz",
        };
        var kubeconfig = ChosenCluster.Option();
        var command = new Command(
            "support", "Collect objects, events, logs and the switches' state into one archive, without secrets, for somebody who helps.") { file, kubeconfig };
        command.SetAction((result, cancellation) => ChosenCluster.UseAsync(result.GetValue(kubeconfig), async (client, clusters) =>
        {
            var path = Path.GetFullPath(result.GetValue(file)!);
            var progress = new ProgressView(Terminal.Console);
            IReadOnlyList<string> missing;
            await using (var stream = Create(path))
            {
                missing = await new SupportArchive(client, clusters, TimeProvider.System).WriteAsync(stream, progress.Passing, cancellation);
            }

            progress.Passing("");
            foreach (var line in missing)
            {
                Terminal.Console.MarkupLine($"[yellow]not collected[/] {Markup.Escape(line)}");
            }

            Terminal.Console.WriteLine($"{path}: {new FileInfo(path).Length / 1024} KiB; secrets are taken out, but look at it before you give it away");
            return 0;
        }));
        return command;
    }

    private static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path} cannot be made: {e.Message}", 2);
        }
    }
}
