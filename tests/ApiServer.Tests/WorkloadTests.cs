using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tests;

/// <summary>Workloads: what they get when they say nothing.</summary>
public sealed class WorkloadTests
{
    private const string Jobs = "/apis/batch/v1/namespaces/default/jobs";

    [Theory]
    [InlineData("", 1L, 1L)]
    [InlineData("parallelism: 3", 3L, null)]
    [InlineData("completions: 4", 1L, 4L)]
    public async Task Parallelism_alone_makes_a_work_queue(string spec, long parallelism, long? completions)
    {
        await using var test = await TestServer.StartAsync();
        var made = await test.PostAsync(
            Jobs,
            "metadata: {name: j}\nspec:\n  template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}\n" +
            (spec.Length > 0 ? "  " + spec : ""));
        Assert.Equal((parallelism, completions), (made.Number("spec", "parallelism"), made.Number("spec", "completions")));
    }
}
