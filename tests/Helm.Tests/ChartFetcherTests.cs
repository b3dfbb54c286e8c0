using Dpf.Helm.Charts;
using Dpf.Helm.Repositories;
using Dpf.Testing;

namespace Dpf.Helm.Tests;

public sealed class ChartFetcherTests : IAsyncDisposable
{
    private readonly ChartSite _site = new();
    private readonly HttpClient _http = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _site.DisposeAsync();
    }

    [Theory]
    [InlineData("", "1.10.0")]
    [InlineData("1.9.0", "1.9.0")]
    [InlineData("~1.9", "1.9.0")]
    [InlineData(">=2.0.0-0", "2.0.0-rc.1")]
    public async Task ARepositoryGivesTheVersionThatIsWanted(string wanted, string version)
    {
        _site.ServeRepository("1.9.0", "1.10.0", "2.0.0-rc.1");
        var chart = await new ChartFetcher(_http).FetchAsync(new($"{_site.Address}/charts", "c", wanted), Cancellation);
        Assert.Equal(version, chart.Metadata.Version);
    }

    [Theory]
    [InlineData("", "1.10.0")]
    [InlineData("1.9.0", "1.9.0")]
    [InlineData("<1.10", "1.9.0")]
    public async Task ARegistryGivesTheVersionThatIsWanted(string wanted, string version)
    {
        _site.ServeRegistry("1.9.0", "1.10.0", "2.0.0-rc.1");
        var chart = await Fetcher().FetchAsync(new($"oci://{_site.Host}/some/where", "c", wanted), Cancellation);
        Assert.Equal(version, chart.Metadata.Version);
    }

    [Fact]
    public async Task ARegistryThatAsksForATokenIsGivenOne()
    {
        _site.Token = "let-me-in";
        _site.ServeRegistry("1.9.0");
        var fetcher = new ChartFetcher(_http) { PlainHttp = new HashSet<string> { _site.Host }, Credentials = ("user", "secret") };
        Assert.Equal("1.9.0", (await fetcher.FetchAsync(new($"oci://{_site.Host}/some/where", "c", "1.9.0"), Cancellation)).Metadata.Version);
        Assert.Equal("Basic " + Convert.ToBase64String("user:secret"u8), _site.TokenAskedBy);
        Assert.Equal("repository:some/where/c:pull", _site.TokenScope);
    }

    [Fact]
    public async Task WhatArrivesDamagedIsRefused()
    {
        _site.ServeRegistry("1.9.0");
        _site.Damage("/v2/some/where/c/blobs/");
        var failure = await Assert.ThrowsAsync<ChartException>(
            () => Fetcher().FetchAsync(new($"oci://{_site.Host}/some/where", "c", "1.9.0"), Cancellation));
        Assert.Contains("arrived with another content", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFailureSaysWhatIsMissingAndWhereItWasSought()
    {
        _site.ServeRepository("1.9.0");
        _site.ServeRegistry("1.9.0");
        async Task<string> Fails(string repository, string chart, string version) =>
            (await Assert.ThrowsAsync<ChartException>(() => Fetcher().FetchAsync(new(repository, chart, version), Cancellation))).Message;
        Assert.Equal($"chart \"d\" not found in {_site.Address}/charts/", await Fails($"{_site.Address}/charts", "d", ""));
        Assert.Equal($"chart \"c\" matching ^2 not found in {_site.Address}/charts/; it has 1.9.0", await Fails($"{_site.Address}/charts", "c", "^2"));
        Assert.Contains("404", await Fails($"{_site.Address}/nothing", "c", ""), StringComparison.Ordinal);
        Assert.Contains("version string ^2 of c in oci://", await Fails($"oci://{_site.Host}/some/where", "c", "^2"), StringComparison.Ordinal);
        Assert.Contains("404", await Fails($"oci://{_site.Host}/some/where", "d", "1.0.0"), StringComparison.Ordinal);
        Assert.Equal("path \"/no/such/chart\" not found", await Fails("/no/such", "chart", ""));
    }

    [Fact]
    public async Task AFolderOfAProjectsSourcesIsAChart()
    {
        using var sources = Archives.Of(TestFolder.Beside("cases/charts/order/chart"), "project-1.0/deploy/chart/order");
        _site.Serve("/tar.gz/v1.0", sources.ToArray());
        var chart = await Fetcher().FetchFolderAsync(new Uri($"{_site.Address}/tar.gz/v1.0#project-1.0/deploy/chart/order"), Cancellation);
        Assert.Equal("order", chart.Metadata.Name);

        var missing = await Assert.ThrowsAsync<ChartException>(
            () => Fetcher().FetchFolderAsync(new Uri($"{_site.Address}/tar.gz/v1.0#project-1.0/chart"), Cancellation));
        Assert.Equal($"{_site.Address}/tar.gz/v1.0#project-1.0/chart: Chart.yaml file is missing", missing.Message);
        var away = await Assert.ThrowsAsync<ChartException>(() => Fetcher().FetchFolderAsync(new Uri($"{_site.Address}/none#x/order"), Cancellation));
        Assert.StartsWith($"cannot fetch chart order from {_site.Address}/none: ", away.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFolderIsFetchedFromWhereItIs()
    {
        var reference = ChartReference.Parse(TestFolder.Beside("cases/charts/order/chart"));
        Assert.Equal("order", (await Fetcher().FetchAsync(reference, Cancellation)).Metadata.Name);
    }

    [Theory]
    [InlineData("oci://ghcr.io/org/charts/c:1.2.3", "oci://ghcr.io/org/charts", "c", "1.2.3")]
    [InlineData("oci://ghcr.io:5000/c", "oci://ghcr.io:5000", "c", "")]
    [InlineData("./charts/c/", "./charts", "c", "")]
    [InlineData("c.tgz", ".", "c.tgz", "")]
    public void AReferenceIsReadAsHelmReadsIt(string text, string repository, string chart, string version) =>
        Assert.Equal(new ChartReference(repository, chart, version), ChartReference.Parse(text));

    [Fact]
    public void AReferenceWithoutAChartIsRefused() => Assert.Throws<ChartException>(() => ChartReference.Parse("oci://ghcr.io"));

    private ChartFetcher Fetcher() => new(_http) { PlainHttp = new HashSet<string> { _site.Host } };
}
