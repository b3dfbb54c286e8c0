namespace Dpf.Runtime.Hosting;

/// <summary>
/// A deployable piece with a name: what a container's command line <c>dpf run &lt;name&gt; [options]</c> starts. It runs until
/// it is cancelled, may be cancelled at any instruction, and keeps no state of its own.
/// </summary>
public interface IComponent
{
    /// <summary>Runs until <paramref name="cancellation"/>; an exception is a crash, returning is an exit with code 0.</summary>
    Task RunAsync(ComponentContext context, CancellationToken cancellation);
}

/// <summary>A component made of one function.</summary>
public sealed class DelegateComponent(Func<ComponentContext, CancellationToken, Task> run) : IComponent
{
    /// <inheritdoc />
    public Task RunAsync(ComponentContext context, CancellationToken cancellation) => run(context, cancellation);
}
