using System.ComponentModel.DataAnnotations;
using Lightning.ServiceDefaults;

namespace Lightning.Admin;

/// <summary>The section <c>Admin</c>: what the site lets be asked of it.</summary>
public sealed record AdminOptions
{
    /// <summary>How long a list may have the database look for its rows and count them; a second to ten minutes, ten seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00", ErrorMessage = "Admin:ListTimeout must lie between 00:00:01 and 00:10:00: write ten seconds as 00:00:10.")]
    public TimeSpan ListTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many exports are written at once, each on a connection to the database of its own; 1 to 100, 4 by default.</summary>
    [Range(1, 100, ErrorMessage = "Admin:Exports must lie between 1 and 100: leave it out for 4.")]
    public int Exports { get; init; } = 4;

    /// <summary>How long an export waits for whoever reads it to take more; a second to an hour, a minute by default. All of it may take sixty times that.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "Admin:ExportTimeout must lie between 00:00:01 and 01:00:00: write a minute as 00:01:00.")]
    public TimeSpan ExportTimeout { get; init; } = TimeSpan.FromMinutes(1);
}

static class AdminOptionsExtensions
{
    public static IServiceCollection AddAdminOptions(this IServiceCollection services)
    {
        services.AddOptions<AdminOptions>().BindConfiguration("Admin").ValidateAnnotations();
        return services;
    }
}
