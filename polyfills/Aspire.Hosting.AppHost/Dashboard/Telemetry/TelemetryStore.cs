namespace Aspire.Hosting.Dashboard.Telemetry;

/// <summary>What the services have sent, as much of it as fits into a fixed amount of memory: the newest.</summary>
sealed class TelemetryStore
{
    public Logs Logs { get; } = new();

    public Traces Traces { get; } = new();

    public Metrics Metrics { get; } = new();
}
