using Dpf.Runtime.Clusters;

namespace Dpf.Runtime.Reconciling;

/// <summary>Brings the world one step closer to what one object says. Called again on every change, and after failures.</summary>
public interface IReconciler
{
    /// <summary>Reconciles one key; the object may be gone. Throwing means: again, after a back-off.</summary>
    Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation);
}

/// <summary>What a reconciler wants next.</summary>
/// <param name="After">When to look again without a change; null for not before one.</param>
public readonly record struct Result(TimeSpan? After)
{
    /// <summary>Nothing to do until something changes.</summary>
    public static Result Done => default;

    /// <summary>Look again after a while.</summary>
    public static Result RequeueAfter(TimeSpan delay) => new(delay);
}

/// <summary>A reconciler made of one function.</summary>
public sealed class DelegateReconciler(Func<NamespacedName, CancellationToken, Task<Result>> reconcile) : IReconciler
{
    /// <inheritdoc />
    public Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation) => reconcile(key, cancellation);
}
