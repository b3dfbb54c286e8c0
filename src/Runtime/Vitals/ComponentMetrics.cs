using Prometheus;

namespace Dpf.Runtime.Vitals;

/// <summary>
/// A component's numbers under the names that controller-runtime and client-go give them, so that dashboards and alerts made for those work
/// here. Labels are bounded: controllers, leases, webhooks and hosts, never objects.
/// </summary>
public sealed class ComponentMetrics
{
    private static readonly double[] ReconcileBuckets =
    [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4,
        4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
    ];

    private static readonly double[] QueueBuckets = Prometheus.Histogram.ExponentialBuckets(1e-8, 10, 12);
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly MetricFactory _factory;
    private readonly Counter _requests;
    private readonly Gauge _leads;
    private readonly Histogram _webhookTime;
    private readonly Counter _webhookRequests;
    private readonly Gauge _webhooksInFlight;

    /// <summary>Numbers that start at nothing.</summary>
    public ComponentMetrics()
    {
        _factory = Prometheus.Metrics.WithCustomRegistry(_registry);
        DotNetStats.Register(_registry);
        _requests = Counter("rest_client_requests_total", "Number of HTTP requests, partitioned by status code, method, and host.", "code", "method", "host");
        _leads = Gauge("leader_election_master_status", "Whether this replica holds the lease: 1 leads, 0 waits.", "name");
        _webhookTime = Histogram("controller_runtime_webhook_latency_seconds", "Time to answer an admission request.", ReconcileBuckets, "webhook");
        _webhookRequests = Counter("controller_runtime_webhook_requests_total", "Admission requests by HTTP status code.", "webhook", "code");
        _webhooksInFlight = Gauge("controller_runtime_webhook_requests_in_flight", "Admission requests being answered.", "webhook");
        ReconcileTotal = Counter("controller_runtime_reconcile_total", "Reconciliations per controller and result.", "controller", "result");
        ReconcileErrors = Counter("controller_runtime_reconcile_errors_total", "Reconciliations that failed, per controller.", "controller");
        ReconcileTime = Histogram("controller_runtime_reconcile_time_seconds", "Length of a reconciliation per controller.", ReconcileBuckets, "controller");
        MaxConcurrent = Gauge("controller_runtime_max_concurrent_reconciles", "Most reconciliations at once, per controller.", "controller");
        ActiveWorkers = Gauge("controller_runtime_active_workers", "Workers that reconcile now, per controller.", "controller");
        QueueDepth = Gauge("workqueue_depth", "Keys that wait for a worker.", "name", "controller");
        QueueAdds = Counter("workqueue_adds_total", "Keys added.", "name", "controller");
        QueueRetries = Counter("workqueue_retries_total", "Keys added again after a failure.", "name", "controller");
        QueueTime = Histogram("workqueue_queue_duration_seconds", "How long a key waits for a worker.", QueueBuckets, "name", "controller");
        WorkTime = Histogram("workqueue_work_duration_seconds", "How long a key is worked on.", QueueBuckets, "name", "controller");
        Unfinished = Gauge("workqueue_unfinished_work_seconds", "Seconds of work in progress that no work_duration has seen yet.", "name", "controller");
        Longest = Gauge("workqueue_longest_running_processor_seconds", "Seconds of the longest work in progress.", "name", "controller");
    }

    internal Counter ReconcileTotal { get; }

    internal Counter ReconcileErrors { get; }

    internal Histogram ReconcileTime { get; }

    internal Gauge MaxConcurrent { get; }

    internal Gauge ActiveWorkers { get; }

    internal Gauge QueueDepth { get; }

    internal Counter QueueAdds { get; }

    internal Counter QueueRetries { get; }

    internal Histogram QueueTime { get; }

    internal Histogram WorkTime { get; }

    internal Gauge Unfinished { get; }

    internal Gauge Longest { get; }

    /// <summary>Counts an answered request to an API server.</summary>
    /// <param name="code">The status code, or <c>&lt;error&gt;</c> when no answer came.</param>
    /// <param name="method">The HTTP method.</param>
    /// <param name="host">The server.</param>
    public void Request(string code, string method, string host) => _requests.WithLabels(code, method, host).Inc();

    /// <summary>Says whether this replica leads.</summary>
    public void Leads(string lease, bool leads) => _leads.WithLabels(lease).Set(leads ? 1 : 0);

    /// <summary>Measures an admission request from now until the answer's code is given.</summary>
    public Action<int> Webhook(string path, TimeProvider time)
    {
        var start = time.GetTimestamp();
        var inFlight = _webhooksInFlight.WithLabels(path);
        inFlight.Inc();
        return code =>
        {
            inFlight.Dec();
            _webhookTime.WithLabels(path).Observe(time.GetElapsedTime(start).TotalSeconds);
            _webhookRequests.WithLabels(path, code.ToString(System.Globalization.CultureInfo.InvariantCulture)).Inc();
        };
    }

    /// <summary>The numbers of one controller.</summary>
    public ControllerMetrics Controller(string name, int workers) => new(this, name, workers);

    /// <summary>Writes all numbers in the text format of Prometheus.</summary>
    public Task WriteAsync(Stream target, CancellationToken cancellation) => _registry.CollectAndExportAsTextAsync(target, cancellation);

    /// <summary>Called before the numbers are written: to set those that are only known then.</summary>
    internal void BeforeWriting(Action callback) => _registry.AddBeforeCollectCallback(callback);

    private Counter Counter(string name, string help, params string[] labels) => _factory.CreateCounter(name, help, labels);

    private Gauge Gauge(string name, string help, params string[] labels) => _factory.CreateGauge(name, help, labels);

    private Histogram Histogram(string name, string help, double[] buckets, params string[] labels) =>
        _factory.CreateHistogram(name, help, labels, new HistogramConfiguration { Buckets = buckets });
}
