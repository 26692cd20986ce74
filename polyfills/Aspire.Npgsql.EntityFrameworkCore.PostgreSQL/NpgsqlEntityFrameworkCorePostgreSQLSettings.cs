namespace Aspire.Npgsql.EntityFrameworkCore.PostgreSQL;

/// <summary>How a context reaches its Postgres; read from <c>Aspire:Npgsql:EntityFrameworkCore:PostgreSQL[:context]</c>.</summary>
public class NpgsqlEntityFrameworkCorePostgreSQLSettings
{
    /// <summary>The connection string; <c>ConnectionStrings:name</c> wins over it.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Whether failed commands are left to the caller instead of being retried.</summary>
    public bool DisableRetry { get; set; }

    /// <summary>Whether no health check is added.</summary>
    public bool DisableHealthChecks { get; set; }

    /// <summary>Whether no traces are collected.</summary>
    public bool DisableTracing { get; set; }

    /// <summary>Whether no metrics are collected.</summary>
    public bool DisableMetrics { get; set; }

    /// <summary>The command timeout in seconds.</summary>
    public int? CommandTimeout { get; set; }
}
