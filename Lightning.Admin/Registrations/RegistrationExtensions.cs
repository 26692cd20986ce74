using System.Reflection;
using Lightning.Admin.Accounts;
using Lightning.Data;
using Lightning.Data.Audit;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Registrations;

/// <summary>What the site administers.</summary>
static class RegistrationExtensions
{
    /// <summary>Adds every registration of this assembly, and what their pages are made from. Each write leaves a line in the book.</summary>
    public static IServiceCollection AddRegistrations(this IServiceCollection services)
    {
        services.AddScoped<PasswordResets>().AddScoped<AccountActs>();
        services.AddRegistrationsOf(typeof(RegistrationExtensions).Assembly);
        services.AddSingleton<AdminSite>();
        services.AddScoped<DbContext>(provider => provider.GetRequiredService<LightningDb>());
        services.AddScoped(provider => new AdminRequest(
            provider.GetRequiredService<AdminSite>(), provider.GetRequiredService<DbContext>(), provider.GetRequiredService<Actor>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<AuditedWrites>();
        return services.ConfigureDbContext<LightningDb>((provider, options) => options.AddInterceptors(provider.GetRequiredService<AuditedWrites>()));
    }

    /// <summary>Adds every registration of an assembly.</summary>
    internal static IServiceCollection AddRegistrationsOf(this IServiceCollection services, Assembly assembly)
    {
        foreach (var registration in assembly.GetTypes().Where(type => type is { IsAbstract: false, IsNested: false } && type.IsAssignableTo(typeof(Registration))))
            services.AddSingleton(typeof(Registration), registration);
        return services;
    }
}
