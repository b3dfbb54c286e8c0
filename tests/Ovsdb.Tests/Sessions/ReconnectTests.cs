using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Sessions;
using Dpf.Ovsdb.Transactions;
using Dpf.Testing;

namespace Dpf.Ovsdb.Tests.Sessions;

/// <summary>A client and a real server that goes away and comes back.</summary>
public sealed class ReconnectTests : IAsyncLifetime
{
    private OvsdbServer _server = null!;
    private OvsdbClient _client = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await OvsdbServer.StartAsync("/usr/share/openvswitch/vswitch.ovsschema", Cancellation);
        await VsctlAsync("init");
        _client = OvsdbClient.Start(new OvsdbClientOptions
        {
            Database = "Open_vSwitch",
            Connect = OvsdbEndpoint.Unix(_server.Socket),
            Tables = [new ReplicatedTable("Bridge", "name", "external_ids", "no_such_column"), "No_Such_Table"],
        });
        await _client.WaitUntilSyncedAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task WhatHappenedMeanwhileIsCaughtUpOn()
    {
        await VsctlAsync("add-br", "one", "--", "add-br", "two");
        await SeeAsync("one", "two");
        await _server.KillAsync();
        await GoneAsync();
        Assert.Equal(["one", "two"], Bridges(_client.Replica.Current.All<Bridge>()));

        await _server.RestartAsync(Cancellation);
        await VsctlAsync("del-br", "one", "--", "add-br", "three", "--", "set", "bridge", "two", "external_ids:a=b");
        await SeeAsync("three", "two");
        await _client.Replica.WaitForAsync(s => s.Named<Bridge>("two")?.ExternalIds.GetValueOrDefault("a") == "b", Cancellation);
    }

    [Fact]
    public async Task ATransactionWaitsForTheServer()
    {
        await _server.KillAsync();
        await GoneAsync();
        var transaction = new Transaction();
        transaction.Comment("hello");
        var waiting = _client.TransactAsync(transaction, Cancellation);
        Assert.False(waiting.IsCompleted);
        await _server.RestartAsync(Cancellation);
        Assert.Single((await waiting).Operations);
    }

    [Fact]
    public async Task WhoWaitsForADisposedClientIsTold()
    {
        await _server.KillAsync();
        await GoneAsync();
        var waiting = _client.WaitUntilSyncedAsync(Cancellation);
        await _client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    }

    [Fact]
    public async Task ChangesThatComeTogetherAreSeenTogether()
    {
        var seen = new List<int>();
        using (_client.Replica.Subscribe(change => seen.Add(change.Rows.Count)))
        {
            await VsctlAsync("add-br", "one", "--", "add-br", "two");
            await SeeAsync("one", "two");
        }

        Assert.Contains(2, seen);
        await VsctlAsync("add-br", "three");
        await SeeAsync("one", "three", "two");
        Assert.Single(seen, n => n == 2);
    }

    private static IEnumerable<string> Bridges(IEnumerable<Bridge> bridges) => bridges.Select(b => b.Name).Order(StringComparer.Ordinal);

    private Task SeeAsync(params string[] names) => _client.Replica.WaitForAsync(s => Bridges(s.All<Bridge>()).SequenceEqual(names, StringComparer.Ordinal), Cancellation);

    private async Task GoneAsync()
    {
        while (_client.IsConnected)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancellation);
        }
    }

    private Task<string> VsctlAsync(params string[] arguments) =>
        OvsdbServer.RunAsync(Cancellation, ["ovs-vsctl", "--no-wait", $"--db=unix:{_server.Socket}", .. arguments]);
}
