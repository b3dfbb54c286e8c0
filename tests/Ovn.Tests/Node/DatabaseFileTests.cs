using Dpf.Ovn.Node.Daemons;
using Dpf.Runtime.Machines;
using Dpf.Testing;

namespace Dpf.Ovn.Tests.Node;

/// <summary>The file of a database, with the real tool.</summary>
public sealed class DatabaseFileTests : IDisposable
{
    private const string Schema = "/usr/share/ovn/ovn-nb.ovsschema";
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-db-").FullName;

    private string Database => Path.Combine(_folder, "nb.db");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AMissingOneIsCreatedAndAWholeOneKept()
    {
        await PrepareAsync();
        await AddSwitchAsync();
        await PrepareAsync();
        Assert.Contains("kept", await QueryAsync(), StringComparison.Ordinal);
        Assert.False(File.Exists(Database + ".broken"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("OVSDB JSON 5 0000000000000000000000000000000000000000\nhello")]
    public async Task ABrokenOneIsPutAsideForAnEmptyOne(string content)
    {
        await File.WriteAllTextAsync(Database, content, Cancellation);
        await PrepareAsync();
        Assert.DoesNotContain("kept", await QueryAsync(), StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllTextAsync(Database + ".broken", Cancellation));
    }

    [Fact]
    public async Task OneThatIsBrokenInTheMiddleCanBeServed()
    {
        await PrepareAsync();
        await AddSwitchAsync();
        var bytes = await File.ReadAllBytesAsync(Database, Cancellation);
        bytes[bytes.Length / 2] ^= 0xff;
        await File.WriteAllBytesAsync(Database, bytes, Cancellation);
        await PrepareAsync();
        Assert.Contains("rows", await QueryAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneOfAnotherSchemaIsConvertedOrReplaced()
    {
        var old = Path.Combine(_folder, "old.ovsschema");
        var text = await File.ReadAllTextAsync(Schema, Cancellation);
        await File.WriteAllTextAsync(old, System.Text.RegularExpressions.Regex.Replace(text, "\"version\": *\"[^\"]*\"", "\"version\": \"5.0.0\""), Cancellation);
        await OvsdbServer.RunAsync(Cancellation, "ovsdb-tool", "create", Database, old);
        await PrepareAsync();
        Assert.Equal(
            await OvsdbServer.RunAsync(Cancellation, "ovsdb-tool", "schema-version", Schema),
            await OvsdbServer.RunAsync(Cancellation, "ovsdb-tool", "db-version", Database));
    }

    private Task PrepareAsync() => DatabaseFile.PrepareAsync(new LocalMachine(), Database, Schema, Cancellation);

    private Task AddSwitchAsync() => OvsdbServer.RunAsync(
        Cancellation, "ovsdb-tool", "transact", Database,
        """["OVN_Northbound",{"op":"insert","table":"Logical_Switch","row":{"name":"kept"}}]""");

    private Task<string> QueryAsync() => OvsdbServer.RunAsync(
        Cancellation, "ovsdb-tool", "query", Database, """["OVN_Northbound",{"op":"select","table":"Logical_Switch","where":[],"columns":["name"]}]""");
}
