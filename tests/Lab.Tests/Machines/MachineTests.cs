using Dpf.Lab.Machines;

namespace Dpf.Lab.Tests.Machines;

public sealed class MachineTests : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("dpf-machine-").FullName;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    /// <summary>A watcher that met the moment of switching off ended for good, and with it a rebooted DPU's way back.</summary>
    [Fact]
    public async Task WhetherAMachineRunsCanBeAskedWhileItIsSwitchedOff()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var machine = await Machine.StartAsync(_state, "watched", cancellation);
        Assert.True(machine.IsOn);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var watching = Task.Run(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    _ = machine.IsOn;
                }
            },
            cancellation);
        for (var i = 0; i < 10; i++)
        {
            await machine.SwitchOffAsync();
            Assert.False(machine.IsOn);
            await machine.SwitchOnAsync(cancellation);
            Assert.True(machine.IsOn);
        }

        await stop.CancelAsync();
        await watching;
    }

    [Fact]
    public async Task AMachineWhoseFirstProcessIsKilledIsOff()
    {
        await using var machine = await Machine.StartAsync(_state, "killed", TestContext.Current.CancellationToken);
        using var init = System.Diagnostics.Process.GetProcessById(machine.ProcessId);
        init.Kill();
        await init.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.False(machine.IsOn);
    }
}
