using Dpf.ApiServer;
using Dpf.Runtime.Hosting;

namespace Dpf.Cli.Composition;

/// <summary>
/// <c>dpf run apiserver --data FOLDER --kubeconfig FILE [--host ADDRESS] [--port PORT] [--service-cidr CIDR]</c>: an API server as a
/// process.
/// </summary>
internal sealed class ApiServerComponent : IComponent
{
    public Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var defaults = new ApiServerOptions();
        return ApiServerProcess.RunAsync(
            defaults with
            {
                DataPath = context.Required("data"),
                Endpoints =
                [
                    new ApiEndpoint
                    {
                        Host = context.Option("host", "127.0.0.1")!,
                        Port = int.Parse(context.Option("port", "6443")!, System.Globalization.CultureInfo.InvariantCulture),
                    },
                ],
                ServiceCidr = context.Option("service-cidr", defaults.ServiceCidr)!,
                Loggers = context.Loggers,
                Time = context.Time,
            },
            context.Required("kubeconfig"),
            cancellation);
    }
}
