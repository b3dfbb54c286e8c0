using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tests;

/// <summary>What the server tells about itself.</summary>
public sealed class MetricsTests
{
    [Fact]
    public async Task Watches_are_counted_while_they_are_open_and_what_they_were_told_for_good()
    {
        await using var test = await TestServer.StartAsync();
        await test.PostAsync("/api/v1/namespaces", "metadata: {name: watched}");
        var others = await OpenAsync();

        var told = 0;
        await foreach (var change in test.WatchAsync("/api/v1/namespaces?watch=1&timeoutSeconds=1"))
        {
            told++;
            Assert.Equal("ADDED", change.Text("type"));
            Assert.Equal(others + 1, await OpenAsync());
        }

        for (var attempt = 0; await OpenAsync() > others; attempt++)
        {
            Assert.True(attempt < 500, "the watch is over, and counted still");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        Assert.True(told > 1);
        Assert.True(await ValueAsync("apiserver_watch_events_total{group=\"\",kind=\"Namespace\",version=\"v1\"}") >= told);

        Task<long> OpenAsync() => ValueAsync("apiserver_longrunning_requests{component=\"apiserver\",group=\"\",resource=\"namespaces\",verb=\"WATCH\",version=\"v1\"}");

        async Task<long> ValueAsync(string name)
        {
            var text = await test.Admin.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
            return text.Split('\n').FirstOrDefault(l => l.StartsWith(name + " ", StringComparison.Ordinal)) is { } line
                ? long.Parse(line[(name.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture)
                : 0;
        }
    }
}
