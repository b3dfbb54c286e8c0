using System.Net;
using Dpf.Guide.Commands;
using Dpf.Guide.Steps;
using Dpf.Runtime.Clusters;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.Guide.Tests;

public sealed class StepRunnerTests
{
    private static readonly GuideStep Step = new("1", "Step", ["helm install a oci://r/a"], ["helm install b oci://r/b"]);
    private readonly FakeTimeProvider _time = new() { AutoAdvanceAmount = TimeSpan.FromMilliseconds(100) };
    private readonly NoCharts _charts = new();
    private readonly List<(GuideProgressKind Kind, string Text)> _progress = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CommandsComeBeforeVerificationsAndAreReported()
    {
        await RunAsync();
        Assert.Equal(["install a in default from oci://r/a : ", "install b in default from oci://r/b : "], _charts.Calls);
        Assert.Equal([GuideProgressKind.Started, GuideProgressKind.Command, GuideProgressKind.Command, GuideProgressKind.Done], _progress.Select(p => p.Kind));
    }

    public static TheoryData<Exception> WhatPasses() =>
    [
        new NotYetException("not yet"), new HttpRequestException("refused"), new TimeoutException("slow"), new IOException("broken"),
        new KubeException(HttpStatusCode.Conflict, "Conflict", "changed", "put"), new KubeException(HttpStatusCode.NotFound, "NotFound", "no webhook", "post"),
        new KubeException(HttpStatusCode.InternalServerError, "InternalError", "webhook", "post"),
        new KubeException(HttpStatusCode.TooManyRequests, "TooManyRequests", "later", "get"),
    ];

    [Theory, MemberData(nameof(WhatPasses))]
    public async Task WhatTimeHealsIsTriedAgain(Exception failure)
    {
        _charts.Failures.Enqueue(failure);
        _charts.Failures.Enqueue(failure);
        await RunAsync();
        Assert.Equal(4, _charts.Calls.Count);
        Assert.Equal(2, _progress.Count(p => p.Kind == GuideProgressKind.Waiting && p.Text == failure.Message));
    }

    [Fact]
    public async Task WhatTimeDoesNotHealFailsAtOnceWithItsPlace()
    {
        _charts.Failures.Enqueue(new KubeException(HttpStatusCode.UnprocessableEntity, "Invalid", "spec.x: wrong", "patch"));
        var failure = await Assert.ThrowsAsync<StepFailedException>(RunAsync);
        Assert.StartsWith("step 1 (Step): helm install a oci://r/a\n  ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("spec.x: wrong", failure.Message, StringComparison.Ordinal);
        Assert.Single(_charts.Calls);
    }

    [Fact]
    public async Task PatienceEnds()
    {
        for (var i = 0; i < 10_000; i++)
        {
            _charts.Failures.Enqueue(new NotYetException("pods are missing"));
        }

        var failure = await Assert.ThrowsAsync<StepFailedException>(RunAsync);
        Assert.Contains("pods are missing", failure.Message, StringComparison.Ordinal);
        Assert.InRange(_charts.Calls.Count, 2, 200);
    }

    [Fact]
    public async Task AnInterruptIsAnInterruptAndNoFailure()
    {
        using var interrupt = new CancellationTokenSource();
        _charts.Failures.Enqueue(new NotYetException("not yet"));
        var runner = Runner(new InlineProgress(p => { if (p.Kind == GuideProgressKind.Waiting) { interrupt.Cancel(); } }));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => runner.RunAsync(Step, interrupt.Token));
    }

    private async Task RunAsync()
    {
        var running = Runner(new InlineProgress(p => _progress.Add((p.Kind, p.Text)))).RunAsync(Step, Cancellation);
        while (!running.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(running, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, Cancellation));
        }

        await running;
    }

    private StepRunner Runner(IProgress<GuideProgress> progress)
    {
        using var client = new KubeClient(new KubeConnection { Server = new Uri("http://127.0.0.1:1") });
        return new StepRunner(new CommandRunner(client, _charts, new Dictionary<string, string>(), "/", new Dictionary<string, string>(), _time), progress, _time)
        {
            Patience = TimeSpan.FromSeconds(30),
        };
    }

    // The framework's own Progress calls back later, on another thread.
    private sealed class InlineProgress(Action<GuideProgress> report) : IProgress<GuideProgress>
    {
        public void Report(GuideProgress value) => report(value);
    }
}
