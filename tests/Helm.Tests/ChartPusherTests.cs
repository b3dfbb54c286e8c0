using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Repositories;

namespace Dpf.Helm.Tests;

public sealed class ChartPusherTests : IAsyncDisposable
{
    private readonly ChartSite _site = new();
    private readonly HttpClient _http = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-push-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
        await _site.DisposeAsync();
    }

    [Fact]
    public async Task WhatIsPushedIsFetchedAgain()
    {
        await Pusher().PushAsync(Pack(), $"oci://{_site.Host}/some/where", Cancellation);
        var fetcher = new ChartFetcher(_http) { PlainHttp = new HashSet<string> { _site.Host } };
        var chart = await fetcher.FetchAsync(new($"oci://{_site.Host}/some/where", "c", "1.2.0"), Cancellation);
        Assert.Equal(("c", "1.2.0", "d"), (chart.Metadata.Name, chart.Metadata.Version, Assert.Single(chart.Dependencies).Metadata.Name));
        Assert.Equal("""{"size":"2"}""", chart.DefaultValues.ToJsonString());
        var manifest = JsonNode.Parse(_site.Page("/v2/some/where/c/manifests/1.2.0"))!;
        Assert.Equal("application/vnd.cncf.helm.config.v1+json", (string?)manifest["config"]!["mediaType"]);
    }

    [Fact]
    public async Task AVersionsPlusSignIsAnUnderscoreInItsTag()
    {
        await Pusher().PushAsync(Pack("1.2.0+build"), $"oci://{_site.Host}/some/where", Cancellation);
        Assert.NotEmpty(_site.Page("/v2/some/where/c/manifests/1.2.0_build"));
    }

    [Fact]
    public async Task ATokenToReadIsNoneToWrite()
    {
        (_site.Token, _site.WriteToken) = ("read", "write");
        await Pusher().PushAsync(Pack(), $"oci://{_site.Host}/some/where", Cancellation);
        Assert.Equal("repository:some/where/c:pull,push", _site.TokenScope);
        Assert.Equal("Basic " + Convert.ToBase64String("user:secret"u8), _site.TokenAskedBy);
    }

    [Fact]
    public async Task ARefusalSaysWhatAndWhere()
    {
        var nowhere = await Assert.ThrowsAsync<ChartException>(() => Pusher().PushAsync(Pack(), "oci://127.0.0.1:1/x", Cancellation));
        Assert.StartsWith("cannot push chart c to oci://127.0.0.1:1/x: ", nowhere.Message, StringComparison.Ordinal);
        _site.WriteToken = "somebody else's";
        var unknown = await Assert.ThrowsAsync<ChartException>(() => Pusher(isKnown: false).PushAsync(Pack(), $"oci://{_site.Host}/some/where", Cancellation));
        Assert.EndsWith($"401 Unauthorized; an account that may do this logs in by: helm registry login {_site.Host}", unknown.Message, StringComparison.Ordinal);
        (_site.WriteToken, _site.IsReadOnly) = (null, true);
        var refused = await Assert.ThrowsAsync<ChartException>(() => Pusher().PushAsync(Pack(), $"oci://{_site.Host}/some/where", Cancellation));
        Assert.Contains("/v2/some/where/c/blobs/uploads/: 405 ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"auths":{"r:5000":{"auth":"dXNlcjpwYXNzOndvcmQ="}}}""", "user pass:word")]
    [InlineData("""{"auths":{"other":{"auth":"dXNlcjpwYXNz"}}}""", null)]
    [InlineData("{}", null)]
    public void ALoginIsFoundByItsRegistry(string json, string? login) =>
        Assert.Equal(login, RegistryLogin.Read(json, "config.json", "r:5000") is var (user, password) ? $"{user} {password}" : null);

    [Theory]
    [InlineData("""{"auths":{"r:5000":{}},"credsStore":"desktop"}""", "config.json: the login to r:5000 is kept by a credential store")]
    [InlineData("""{"auths":{"r:5000":{"auth":"c2VjcmV0"}}}""", "config.json: no record of logins")]
    [InlineData("secret", "config.json: no record of logins")]
    [InlineData("[]", "config.json: no record of logins")]
    public void ARecordOfLoginsThatDoesNotServeSaysWhyWithoutItsSecrets(string json, string message)
    {
        var failure = Assert.Throws<ChartException>(() => RegistryLogin.Read(json, "config.json", "r:5000"));
        Assert.StartsWith(message, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
    }

    private ChartPusher Pusher(bool isKnown = true) => new(_http)
    {
        PlainHttp = new HashSet<string> { _site.Host }, Credentials = ("user", isKnown ? "secret" : "guessed"),
    };

    private ChartPackage Pack(string? version = null)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "c")).FullName;
        File.WriteAllText(
            Path.Combine(folder, "Chart.yaml"), "name: c\nversion: 1.2.0\ndependencies:\n- {name: d, version: 1.0.0, repository: 'https://charts.example.com'}\n");
        File.WriteAllText(Path.Combine(folder, "values.yaml"), "size: \"1\"\n");
        var other = Directory.CreateDirectory(Path.Combine(_folder, "d")).FullName;
        File.WriteAllText(Path.Combine(other, "Chart.yaml"), "name: d\nversion: 1.0.0\n");
        Assert.Equal("d", Assert.Single(ChartPackage.MissingFrom(folder)).Name);
        return ChartPackage.Pack(folder, new PackOptions
        {
            Version = version,
            Dependencies = new Dictionary<string, byte[]> { ["d"] = ChartPackage.Pack(other, new PackOptions()).Archive },
            Values = text => text.Replace("1", "2", StringComparison.Ordinal),
        });
    }
}
