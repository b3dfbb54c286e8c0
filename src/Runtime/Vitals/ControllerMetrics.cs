using Dpf.Runtime.Queue;
using Prometheus;

namespace Dpf.Runtime.Vitals;

/// <summary>The numbers of one controller and its queue.</summary>
public sealed class ControllerMetrics : IQueueObserver
{
    private readonly ComponentMetrics _all;
    private readonly Histogram.Child _queueTime;
    private readonly Histogram.Child _workTime;
    private readonly Counter.Child _adds;
    private readonly Counter.Child _retries;
    private readonly Gauge.Child _active;
    private readonly Histogram.Child _time;
    private readonly Dictionary<ReconcileOutcome, Counter.Child> _results;
    private readonly Counter.Child _errors;
    private readonly string _name;

    internal ControllerMetrics(ComponentMetrics all, string name, int workers)
    {
        (_all, _name) = (all, name);
        _queueTime = all.QueueTime.WithLabels(name, name);
        _workTime = all.WorkTime.WithLabels(name, name);
        _adds = all.QueueAdds.WithLabels(name, name);
        _retries = all.QueueRetries.WithLabels(name, name);
        _active = all.ActiveWorkers.WithLabels(name);
        _time = all.ReconcileTime.WithLabels(name);
        _errors = all.ReconcileErrors.WithLabels(name);
        _results = new()
        {
            [ReconcileOutcome.Success] = all.ReconcileTotal.WithLabels(name, "success"),
            [ReconcileOutcome.RequeueAfter] = all.ReconcileTotal.WithLabels(name, "requeue_after"),
            [ReconcileOutcome.Requeue] = all.ReconcileTotal.WithLabels(name, "requeue"),
            [ReconcileOutcome.Error] = all.ReconcileTotal.WithLabels(name, "error"),
        };
        all.MaxConcurrent.WithLabels(name).Set(workers);
    }

    /// <summary>Lets the queue's state be asked for whenever the numbers are written.</summary>
    public void Observe(Func<QueueState> queue) => _all.BeforeWriting(() =>
    {
        var state = queue();
        _all.QueueDepth.WithLabels(_name, _name).Set(state.Waiting);
        _all.Unfinished.WithLabels(_name, _name).Set(state.Unfinished.TotalSeconds);
        _all.Longest.WithLabels(_name, _name).Set(state.Longest.TotalSeconds);
    });

    /// <summary>A reconciliation begins.</summary>
    public void Started() => _active.Inc();

    /// <summary>A reconciliation has ended.</summary>
    public void Ended(ReconcileOutcome outcome, TimeSpan took)
    {
        _active.Dec();
        _time.Observe(took.TotalSeconds);
        _results[outcome].Inc();
        if (outcome == ReconcileOutcome.Error)
        {
            _errors.Inc();
        }
    }

    /// <inheritdoc />
    public void Added() => _adds.Inc();

    /// <inheritdoc />
    public void Retried() => _retries.Inc();

    /// <inheritdoc />
    public void Taken(TimeSpan waited) => _queueTime.Observe(waited.TotalSeconds);

    /// <inheritdoc />
    public void Finished(TimeSpan worked) => _workTime.Observe(worked.TotalSeconds);
}

/// <summary>How a reconciliation ended, in controller-runtime's words.</summary>
public enum ReconcileOutcome
{
    /// <summary>Nothing to do until something changes.</summary>
    Success,

    /// <summary>Look again after a while.</summary>
    RequeueAfter,

    /// <summary>Somebody else changed the object meanwhile: again.</summary>
    Requeue,

    /// <summary>It failed: again, after a back-off.</summary>
    Error,
}
