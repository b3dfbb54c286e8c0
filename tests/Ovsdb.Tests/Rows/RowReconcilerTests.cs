using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Rows;
using Dpf.Ovsdb.Sessions;
using Dpf.Testing;

namespace Dpf.Ovsdb.Tests;

/// <summary>The row-set reconciler against a real ovsdb-server.</summary>
public sealed class RowReconcilerTests : IAsyncLifetime
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
        });
        await _client.WaitUntilSyncedAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task RowsAppearAndTheSecondPassHasNothingToDo()
    {
        var rows = new RowReconciler(_client);

        Assert.True(await rows.ApplyAsync(Bridge("p1", "p2"), Cancellation) > 0);
        Assert.Equal(0, await rows.ApplyAsync(Bridge("p1", "p2"), Cancellation));
        Assert.Equal(["p1", "p2"], await PortsAsync());
    }

    [Fact]
    public async Task WhatTheSetNoLongerNamesGoesAndWhatOthersMadeStays()
    {
        var rows = new RowReconciler(_client);
        await rows.ApplyAsync(Bridge("p1", "p2"), Cancellation);
        await VsctlAsync("add-port", "br0", "theirs");

        await rows.ApplyAsync(Bridge("p2"), Cancellation);

        Assert.Equal(["p2", "theirs"], await PortsAsync());
    }

    [Fact]
    public async Task WhatOthersChangedIsPutBack()
    {
        var rows = new RowReconciler(_client);
        await rows.ApplyAsync(Bridge("p1"), Cancellation);
        await VsctlAsync("set", "Interface", "p1", "external_ids:iface-id=somebody-else", "external_ids:theirs=1", "external_ids:ovn-installed=true");
        await _client.Replica.WaitForAsync(
            s => s.Named<Interface>("p1")?.ExternalIds.GetValueOrDefault("iface-id") == "somebody-else", Cancellation);

        await rows.ApplyAsync(Bridge("p1"), Cancellation);

        var ids = _client.Replica.Current.Named<Interface>("p1")!.ExternalIds;
        Assert.Equal(("port-p1", "true"), (ids["iface-id"], ids["ovn-installed"]));
        Assert.False(ids.ContainsKey("theirs"));
    }

    [Fact]
    public async Task ABridgeThatIsNotThereIsNamed()
    {
        var rows = new RowSet("test");
        rows.Existing<Bridge>("br-nowhere").Add("ports", "p1", new Port { Name = "p1" });

        var failure = await Assert.ThrowsAsync<MissingRowException>(() => new RowReconciler(_client).ApplyAsync(rows, Cancellation));

        Assert.Contains("br-nowhere", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeysOfTheRootRowAreMerged()
    {
        await VsctlAsync("set", "Open_vSwitch", ".", "external_ids:theirs=1");
        var rows = new RowSet("keys");
        rows.Singleton<Models.OpenVSwitch.OpenVSwitch>().Merge("external_ids", [KeyValuePair.Create("ours", "2")]);

        await new RowReconciler(_client).ApplyAsync(rows, Cancellation);

        Assert.Equal("1", (await VsctlAsync("get", "Open_vSwitch", ".", "external_ids:theirs")).Trim().Trim('"'));
        Assert.Equal("2", (await VsctlAsync("get", "Open_vSwitch", ".", "external_ids:ours")).Trim().Trim('"'));
    }

    private static RowSet Bridge(params string[] ports)
    {
        var rows = new RowSet("test");
        var bridge = rows.Singleton<Models.OpenVSwitch.OpenVSwitch>().Add("bridges", "br0", new Bridge { Name = "br0" });
        foreach (var name in ports)
        {
            bridge.Add("ports", name, new Port { Name = name }).Add("interfaces", name, new Interface
            {
                Name = name,
                Type = "internal",
                ExternalIds = new Dictionary<string, string> { ["iface-id"] = "port-" + name },
            });
        }

        return rows;
    }

    private async Task<string[]> PortsAsync() =>
        (await VsctlAsync("list-ports", "br0")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToArray();

    private Task<string> VsctlAsync(params string[] arguments) => OvsdbServer.RunAsync(
        Cancellation, ["ovs-vsctl", "--no-wait", $"--db=unix:{_server.Socket}", .. arguments]);
}
