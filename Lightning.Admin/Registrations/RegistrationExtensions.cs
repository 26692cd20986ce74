using Lightning.Admin.Accounts;
using Lightning.Admin.Notes;
using Lightning.Admin.Sessions;

namespace Lightning.Admin.Registrations;

/// <summary>What the site administers, in the order of its menu.</summary>
static class RegistrationExtensions
{
    public static IServiceCollection AddRegistrations(this IServiceCollection services) => services
        .AddScoped<PasswordResets>()
        .AddScoped<AccountActs>()
        .AddSingleton<Registration, AccountAdmin>()
        .AddSingleton<Registration, SessionAdmin>()
        .AddSingleton<Registration, NoteAdmin>();
}
