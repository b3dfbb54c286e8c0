namespace Dpf.Runtime.Informers;

/// <summary>A local copy of a kind that keeps itself up to date.</summary>
public interface IInformer
{
    /// <summary>Completes when the copy has been complete once.</summary>
    Task Synced { get; }

    /// <summary>Lists and watches until cancelled; survives everything else.</summary>
    Task RunAsync(CancellationToken cancellation);
}
