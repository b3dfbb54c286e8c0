using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Dpf.Provisioning.Tests.World;

/// <summary>A web server with boot images.</summary>
internal sealed class FakeWeb : IAsyncDisposable
{
    private readonly WebApplication _app;

    public FakeWeb()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>The files, by path.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Every request: its path, and its range if it has one.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>After how many bytes the next answers break off, in order.</summary>
    public ConcurrentQueue<int> Breaks { get; } = [];

    /// <summary>How many bytes the next answers say they have, whatever they have, in order.</summary>
    public ConcurrentQueue<long> Lengths { get; } = [];

    /// <summary>The status of the next answers, in order.</summary>
    public ConcurrentQueue<int> Refusals { get; } = [];

    /// <summary>What answers wait for.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<FakeWeb> StartAsync()
    {
        var web = new FakeWeb();
        await web._app.StartAsync();
        return web;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        var range = http.Request.GetTypedHeaders().Range?.Ranges.FirstOrDefault()?.From ?? 0;
        await Gate.WaitAsync(http.RequestAborted);
        Requests.Enqueue(range > 0 ? $"{path} from {range}" : path);
        if (Refusals.TryDequeue(out var status) || !Files.TryGetValue(path, out var content))
        {
            http.Response.StatusCode = status == 0 ? 404 : status;
            return;
        }

        http.Response.Headers.ETag = $"\"{Convert.ToHexString(SHA256.HashData(content))}\"";
        if (range > 0)
        {
            http.Response.StatusCode = 206;
            http.Response.Headers.ContentRange = $"bytes {range}-{content.Length - 1}/{content.Length}";
        }

        http.Response.ContentLength = Lengths.TryDequeue(out var said) ? said : content.Length - range;
        if (Breaks.TryDequeue(out var after))
        {
            await http.Response.Body.WriteAsync(content.AsMemory((int)range, after), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            http.Abort();
            return;
        }

        await http.Response.Body.WriteAsync(content.AsMemory((int)range), http.RequestAborted);
    }
}
