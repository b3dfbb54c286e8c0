namespace Dpf.Runtime.Queue;

/// <summary>Is told what happens in a queue.</summary>
public interface IQueueObserver
{
    /// <summary>A key was added that was not waiting yet.</summary>
    void Added();

    /// <summary>A key was added again because work on it failed.</summary>
    void Retried();

    /// <summary>A worker took a key that had waited so long.</summary>
    void Taken(TimeSpan waited);

    /// <summary>A key was given back after so long.</summary>
    void Finished(TimeSpan worked);
}

/// <summary>A queue at one moment.</summary>
/// <param name="Waiting">How many keys wait for a worker.</param>
/// <param name="Unfinished">The time spent so far on all keys in work.</param>
/// <param name="Longest">The time spent so far on the key longest in work.</param>
public sealed record QueueState(int Waiting, TimeSpan Unfinished, TimeSpan Longest);
