using System.Diagnostics.Metrics;

namespace Lightning.Identity;

/// <summary>The metrics of this provider, in the meter <c>Lightning.Identity</c>. No tag identifies a person.</summary>
sealed class ProviderMetrics : IHostedService
{
    public const string MeterName = "Lightning.Identity";
    readonly Counter<long> signIns,
        grants,
        events,
        ended;

    public ProviderMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        signIns = meter.CreateCounter<long>(
            "lightning.identity.sign_ins",
            "{sign-in}",
            "Sign-ins by method (the values of amr) and outcome: succeeded or failed."
        );
        grants = meter.CreateCounter<long>(
            "lightning.identity.grants",
            "{grant}",
            "Calls of the token endpoint by grant type and outcome: granted, or the error."
        );
        events = meter.CreateCounter<long>(
            "lightning.identity.events",
            "{event}",
            "Audit log entries by event name, such as refresh-token-reused."
        );
        ended = meter.CreateCounter<long>(
            "lightning.identity.sessions_ended",
            "{session}",
            "Sessions that this provider ended, by reason; refresh-token-reuse and authorization-code-reuse mean "
                + "that a token leaked."
        );
    }

    /// <summary>
    /// Publishes the counters with zero, so that dashboards show them and rates see the first increase.
    /// </summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var outcome in (string[])["succeeded", "failed"])
            Count(signIns, "method", "pwd", outcome, 0);
        foreach (var grant in (string[])["authorization_code", "refresh_token"])
            Count(grants, "grant_type", grant, "granted", 0);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Counts an audit log entry.</summary>
    public void AuditEntryAdded(string name) => events.Add(1, new KeyValuePair<string, object?>("event", name));

    public void SignedIn(string[] methods) => Count(signIns, "method", string.Join(' ', methods), "succeeded");

    public void SignInFailed(string method) => Count(signIns, "method", method, "failed");

    /// <summary>Counts a response of the token endpoint to an authenticated client.</summary>
    public void TokenRequestAnswered(string grantType, string? error) =>
        Count(grants, "grant_type", grantType, error ?? "granted");

    /// <summary>Counts ended sessions.</summary>
    public void SessionsEnded(string reason, int count)
    {
        if (count > 0)
            ended.Add(count, new KeyValuePair<string, object?>("reason", reason));
    }

    static void Count(Counter<long> counter, string name, string value, string outcome, int count = 1) =>
        counter.Add(
            count,
            new KeyValuePair<string, object?>(name, value),
            new KeyValuePair<string, object?>("outcome", outcome)
        );
}
