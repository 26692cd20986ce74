using System.ComponentModel.DataAnnotations;

namespace Lightning.Admin.Engine;

/// <summary>Options of the section <c>Admin</c>, which the application binds and validates.</summary>
public sealed record AdminOptions
{
    /// <summary>
    /// The time limit for finding and counting a list's rows; 1 second to 10 minutes, 10 seconds by default.
    /// </summary>
    [Range(
        typeof(TimeSpan),
        "00:00:01",
        "00:10:00",
        ErrorMessage = "Admin:ListTimeout must be between 00:00:01 and 00:10:00: write ten seconds as 00:00:10."
    )]
    public TimeSpan ListTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The number of concurrent exports, each with its own database connection; 1 to 100, 4 by default.
    /// </summary>
    [Range(1, 100, ErrorMessage = "Admin:Exports must be between 1 and 100: leave it out for 4.")]
    public int Exports { get; init; } = 4;

    /// <summary>
    /// How long an export waits for the client to read; 1 second to 1 hour, 1 minute by default. The whole export may
    /// take sixty times as long.
    /// </summary>
    [Range(
        typeof(TimeSpan),
        "00:00:01",
        "01:00:00",
        ErrorMessage = "Admin:ExportTimeout must be between 00:00:01 and 01:00:00: write a minute as 00:01:00."
    )]
    public TimeSpan ExportTimeout { get; init; } = TimeSpan.FromMinutes(1);
}
