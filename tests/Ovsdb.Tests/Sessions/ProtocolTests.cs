using System.Text.Json.Nodes;
using Dpf.Ovsdb.Replica;
using Dpf.Ovsdb.Sessions;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.Ovsdb.Tests.Sessions;

public sealed class ProtocolTests : IAsyncLifetime
{
    private const string A = "11111111-1111-1111-1111-111111111111";
    private const string B = "22222222-2222-2222-2222-222222222222";
    private readonly FakeTimeProvider _time = new();
    private readonly ScriptedServer _server = new();
    private OvsdbClient _client = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _client = OvsdbClient.Start(new OvsdbClientOptions { Database = "Test", Connect = _server.ConnectAsync, Time = _time });
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task AnOldServerIsFollowedByTheFirstProtocol()
    {
        await SchemaAsync();
        await _server.RefuseAsync(await _server.CallAsync("monitor_cond_since"));
        await _server.RefuseAsync(await _server.CallAsync("monitor_cond"));
        await _server.ReplyAsync(await _server.CallAsync("monitor"), Named("""{"T": {"$A": {"new": {"name": "a", "tags": ["set", ["x"]]}}}}"""));
        await SeeAsync("a [x] {}");
        await _server.SendAsync(Named("""{"id": null, "method": "update", "params": ["Test", {"T": {"$A": {"old": {"tags": "x"}, "new": {"name": "a", "tags": ["set", []], "ids": ["map", [["k", "v"]]]}}, "$B": {"new": {"name": "b"}}}}]}"""));
        await SeeAsync("a [] {k=v}", "b [] {}");
        await _server.SendAsync(Named("""{"id": null, "method": "update", "params": ["Test", {"T": {"$A": {"old": {"name": "a"}}}}]}"""));
        await SeeAsync("b [] {}");
    }

    [Fact]
    public async Task DifferencesAreAppliedMemberByMember()
    {
        await SchemaAsync();
        await _server.RefuseAsync(await _server.CallAsync("monitor_cond_since"));
        await _server.ReplyAsync(await _server.CallAsync("monitor_cond"), Named("""{"T": {"$A": {"initial": {"name": "a", "tags": ["set", ["x", "y"]], "ids": ["map", [["k", "1"], ["l", "2"]]]}}}}"""));
        await SeeAsync("a [x, y] {k=1, l=2}");
        await UpdateAsync(Named("""{"modify": {"tags": ["set", ["y", "z"]], "ids": ["map", [["k", "1"], ["l", "3"], ["m", "4"]]]}}"""));
        await SeeAsync("a [x, z] {l=3, m=4}");
        await UpdateAsync("""{"modify": {"name": "c"}}""");
        await SeeAsync("c [x, z] {l=3, m=4}");
        await UpdateAsync("""{"delete": null}""");
        await SeeAsync();
    }

    [Fact]
    public async Task ATableOfAReconnectedServerThatKnowsTheLastTransactionIsNotSentAgain()
    {
        await SchemaAsync();
        await _server.ReplyAsync(await _server.CallAsync("monitor_cond_since"), Named("""[false, "t1", {"T": {"$A": {"initial": {"name": "a"}}}}]"""));
        await SeeAsync("a [] {}");
        await _server.SendAsync(Named("""{"id": null, "method": "update3", "params": ["Test", "t2", {"T": {"$B": {"insert": {"name": "b"}}}}]}"""));
        await SeeAsync("a [] {}", "b [] {}");
        _server.Hangup();

        var call = await AgainAsync();
        Assert.Equal("t2", (string?)call["params"]![3]);
        await _server.ReplyAsync(call, Named("""[true, "t3", {"T": {"$A": {"delete": null}}}]"""));
        await SeeAsync("b [] {}");
        _server.Hangup();

        call = await AgainAsync();
        Assert.Equal("t3", (string?)call["params"]![3]);
        await _server.ReplyAsync(call, Named("""[false, "t9", {"T": {"$A": {"initial": {"name": "new"}}}}]"""));
        await SeeAsync("new [] {}");
    }

    [Fact]
    public async Task AServersQuestionWhetherWeLiveIsAnswered()
    {
        await FollowAsync();
        await _server.SendAsync("""{"id": "echo", "method": "echo", "params": ["hello"]}""");
        var answer = await _server.AnswerAsync();
        Assert.Equal("echo", (string?)answer["id"]);
        Assert.Equal("""["hello"]""", answer["result"]!.ToJsonString());
    }

    [Fact]
    public async Task AServerThatIsSilentIsAskedAndThenGivenUp()
    {
        await FollowAsync();
        _time.Advance(TimeSpan.FromSeconds(5));
        _time.Advance(TimeSpan.FromSeconds(5));
        await _server.CallAsync("echo");
        await AdvanceAsync(() => _server.Connections == 2);
    }

    [Fact]
    public async Task AServerThatTakesAConnectionAndSaysNothingIsGivenUp()
    {
        await _server.CallAsync("get_schema");
        await AdvanceAsync(() => _server.Connections == 2);
        Assert.False(_client.IsConnected);
    }

    private async Task SchemaAsync() => await _server.ReplyAsync(await _server.CallAsync("get_schema"), ScriptedServer.Schema);

    private async Task FollowAsync()
    {
        await SchemaAsync();
        await _server.ReplyAsync(await _server.CallAsync("monitor_cond_since"), """[false, "t1", {}]""");
        await _client.WaitUntilSyncedAsync(Cancellation);
    }

    private async Task<JsonNode> AgainAsync()
    {
        var before = _server.Connections;
        await AdvanceAsync(() => _server.Connections > before);
        await SchemaAsync();
        return await _server.CallAsync("monitor_cond_since");
    }

    private Task UpdateAsync(string row) =>
        _server.SendAsync(Named("""{"id": null, "method": "update2", "params": ["Test", {"T": {"$A": $ROW}}]}""").Replace("$ROW", Named(row), StringComparison.Ordinal));

    private static string Named(string json) => json.Replace("$A", A, StringComparison.Ordinal).Replace("$B", B, StringComparison.Ordinal);

    private async Task AdvanceAsync(Func<bool> isDone)
    {
        while (!isDone())
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, Cancellation);
        }
    }

    private Task SeeAsync(params string[] rows) => _client.Replica.WaitForAsync(
        s => s.Table("T").Values.Select(Text).Order(StringComparer.Ordinal).SequenceEqual(rows, StringComparer.Ordinal), Cancellation);

    private static string Text(Row row) => $"{row.Text("name")} [{string.Join(", ", row["tags"].Keys)}] {row["ids"]}";
}
