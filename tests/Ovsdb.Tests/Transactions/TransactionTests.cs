using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Sessions;
using Dpf.Ovsdb.Transactions;
using Dpf.Ovsdb.Values;
using Dpf.Testing;

namespace Dpf.Ovsdb.Tests.Transactions;

public sealed class TransactionTests : IAsyncLifetime
{
    private OvsdbServer _server = null!;
    private OvsdbClient _client = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await OvsdbServer.StartAsync("/usr/share/openvswitch/vswitch.ovsschema", Cancellation);
        await OvsdbServer.RunAsync(Cancellation, "ovs-vsctl", "--no-wait", $"--db=unix:{_server.Socket}", "init");
        _client = OvsdbClient.Start(new OvsdbClientOptions { Database = "Open_vSwitch", Connect = OvsdbEndpoint.Unix(_server.Socket) });
        await _client.WaitUntilSyncedAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task RowsOfOneTransactionReferToOneAnotherAndTheReplicaShowsThemAtOnce()
    {
        var result = await _client.TransactAsync(AddBridge("br0"), Cancellation);
        var bridge = _client.Replica.Current.Named<Bridge>("br0")!;
        Assert.Equal(bridge.Uuid, result.Operations[0].Uuid);
        Assert.Equal(bridge.Uuid, Assert.Single(_client.Replica.Current.All<Models.OpenVSwitch.OpenVSwitch>().Single().Bridges).Uuid);
        Assert.Equal(1, result.Operations[1].Count);
    }

    [Fact]
    public async Task ARefusedTransactionChangesNothingAndSaysWhichOperation()
    {
        await _client.TransactAsync(AddBridge("br0"), Cancellation);
        var again = await Assert.ThrowsAsync<TransactionException>(() => _client.TransactAsync(AddBridge("br0"), Cancellation));
        Assert.Equal(("constraint violation", 2), (again.Error, again.Index));
        var transaction = new Transaction();
        transaction.Comment("fine so far");
        transaction.Update("Bridge", new Dictionary<string, Datum> { ["nonsense"] = 1 }, Condition.Equal("name", "br0"));
        var failure = await Assert.ThrowsAsync<TransactionException>(() => _client.TransactAsync(transaction, Cancellation));
        Assert.Equal((1, "Bridge"), (failure.Index, failure.Table));
        Assert.StartsWith("operation 1 (update on Bridge) failed: ", failure.Message, StringComparison.Ordinal);
        Assert.Single(_client.Replica.Current.All<Bridge>());
    }

    [Fact]
    public async Task AWaitLetsOnlyThatPassWhichItWasAskedFor()
    {
        await _client.TransactAsync(AddBridge("br0"), Cancellation);
        Transaction Rename(string from, string to)
        {
            var transaction = new Transaction();
            transaction.Wait(
                "Bridge", [new Dictionary<string, Datum> { ["datapath_id"] = Datum.Of(Atom.Of(from)) }], ["datapath_id"], where: Condition.Equal("name", "br0"));
            transaction.Update("Bridge", new Dictionary<string, Datum> { ["datapath_id"] = to }, Condition.Equal("name", "br0"));
            return transaction;
        }

        var update = new Transaction();
        update.Update("Bridge", new Dictionary<string, Datum> { ["datapath_id"] = "one" }, Condition.Equal("name", "br0"));
        await _client.TransactAsync(update, Cancellation);
        await Assert.ThrowsAsync<TransactionException>(() => _client.TransactAsync(Rename("two", "three"), Cancellation));
        await _client.TransactAsync(Rename("one", "two"), Cancellation);
        Assert.Equal("two", _client.Replica.Current.Named<Bridge>("br0")!["datapath_id"].ToString());
    }

    [Fact]
    public async Task SetsAndMapsAreChangedMemberByMember()
    {
        await _client.TransactAsync(AddBridge("br0"), Cancellation);
        async Task MutateAsync(params Mutation[] mutations)
        {
            var transaction = new Transaction();
            transaction.Mutate("Bridge", mutations, Condition.Equal("name", "br0"));
            await _client.TransactAsync(transaction, Cancellation);
        }

        await MutateAsync(Mutation.Insert("external_ids", new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" }), Mutation.Insert("protocols", new[] { "OpenFlow13", "OpenFlow15" }));
        await MutateAsync(Mutation.Delete("external_ids", new[] { "a" }), Mutation.Delete("protocols", "OpenFlow15"));
        var bridge = _client.Replica.Current.Named<Bridge>("br0")!;
        Assert.Equal("{b=2}", bridge["external_ids"].ToString());
        Assert.Equal("OpenFlow13", bridge["protocols"].ToString());
    }

    private static Transaction AddBridge(string name)
    {
        var transaction = new Transaction();
        var bridge = transaction.Insert(new Bridge { Name = name });
        transaction.Mutate("Open_vSwitch", [Mutation.Insert("bridges", bridge)]);
        return transaction;
    }
}
