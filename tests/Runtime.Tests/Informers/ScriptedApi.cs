using System.Net;
using System.Threading.Channels;
using Dpf.Runtime.Clusters;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Dpf.Runtime.Tests.Informers;

/// <summary>An API server that does what the test says, request by request.</summary>
internal sealed class ScriptedApi : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Channel<ScriptedRequest> _requests = Channel.CreateUnbounded<ScriptedRequest>();

    private ScriptedApi(WebApplication app) => _app = app;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public KubeClient Client { get; private set; } = null!;

    public static async Task<ScriptedApi> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        var api = new ScriptedApi(builder.Build());
        api._app.Run(api.HandleAsync);
        await api._app.StartAsync(Cancellation);
        var address = api._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        api.Client = new KubeClient(new KubeConnection { Server = new Uri(address) });
        return api;
    }

    /// <summary>The next request; it must be a list.</summary>
    public async Task<ScriptedRequest> ListAsync()
    {
        var request = await _requests.Reader.ReadAsync(Cancellation);
        Assert.DoesNotContain("watch=true", request.Query, StringComparison.Ordinal);
        return request;
    }

    /// <summary>The next request; it must be a watch from a revision.</summary>
    public async Task<ScriptedRequest> WatchAsync(string revision)
    {
        var request = await _requests.Reader.ReadAsync(Cancellation);
        Assert.Contains("watch=true", request.Query, StringComparison.Ordinal);
        Assert.Contains($"resourceVersion={revision}&", request.Query + "&", StringComparison.Ordinal);
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        using var now = new CancellationTokenSource(TimeSpan.Zero, TimeProvider.System);
        await _app.StopAsync(now.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        var request = new ScriptedRequest(http);
        await _requests.Writer.WriteAsync(request);
        await request.Done.WaitAsync(http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

/// <summary>A request that waits for the test's answer.</summary>
internal sealed class ScriptedRequest(HttpContext http)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Query => http.Request.QueryString.Value ?? "";

    public Task Done => _done.Task;

    /// <summary>Completes when the client gave the request up.</summary>
    public Task AbandonedAsync()
    {
        var abandoned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        http.RequestAborted.Register(abandoned.SetResult);
        return abandoned.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Answers a list.</summary>
    public async Task ItemsAsync(string revision, params string[] objects)
    {
        await http.Response.WriteAsync($$"""{"metadata": {"resourceVersion": "{{revision}}"}, "items": [{{string.Join(',', objects)}}]}""");
        _done.SetResult();
    }

    /// <summary>Sends an event of a watch; the watch goes on.</summary>
    public async Task EventAsync(string type, string value)
    {
        await http.Response.WriteAsync($$"""{"type": "{{type}}", "object": {{value}}}""" + "\n");
        await http.Response.Body.FlushAsync();
    }

    /// <summary>Ends the answer in order.</summary>
    public void End() => _done.SetResult();

    /// <summary>Breaks the connection.</summary>
    public void Break()
    {
        http.Abort();
        _done.SetResult();
    }

    /// <summary>Refuses.</summary>
    public async Task RefuseAsync(int code)
    {
        http.Response.StatusCode = code;
        await http.Response.WriteAsync($$"""{"kind": "Status", "code": {{code}}, "reason": "No", "message": "no"}""");
        _done.SetResult();
    }
}
