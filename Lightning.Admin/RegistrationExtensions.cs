using Lightning.Admin.Accounts;
using Lightning.Admin.Audit;
using Lightning.Admin.Drafts;
using Lightning.Admin.Engine;
using Lightning.Admin.Engine.Audit;
using Lightning.Admin.Engine.Drafts;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Validation;
using Lightning.Data;
using Lightning.Data.Audit;
using Lightning.ServiceDefaults;

namespace Lightning.Admin;

/// <summary>Registers the administered entities.</summary>
static class RegistrationExtensions
{
    /// <summary>The first path segments of this site's own pages and files, which no list may have.</summary>
    static readonly string[] ReservedSlugs =
    [
        "backchannel",
        "css",
        "health",
        "js",
        "login",
        "logout",
        "shared",
        "signin-oidc",
        "signout-callback-oidc",
        "status",
    ];

    /// <summary>
    /// Adds every registration of this assembly and the services behind the pages. Every write is recorded in the audit
    /// log.
    /// </summary>
    public static IServiceCollection AddAdminPages(this IServiceCollection services)
    {
        services.AddAdminEngine<LightningDb>(typeof(RegistrationExtensions).Assembly);
        services.AddOptions<AdminOptions>().BindConfiguration("Admin").ValidateAnnotations();
        services.AddSingleton<AccountPolicies>();
        services.AddScoped<AdminAudit>().AddScoped<PasswordResets>().AddScoped<AccountOperations>();
        services.AddSingleton<IAuditLog, AdminAuditLog>();
        services.AddSingleton<FormDraftLimiter>().AddHostedService<FormDraftCleanup>();
        services.AddScoped<FormDrafts>();
        services.AddScoped<IFormDrafts>(provider => provider.GetRequiredService<FormDrafts>());
        services.AddSingleton<AuditInterceptor>();
        return services.ConfigureDbContext<LightningDb>(
            (provider, options) => options.AddInterceptors(provider.GetRequiredService<AuditInterceptor>())
        );
    }

    /// <summary>Validates all registrations, so that a mistake stops the start, not a request.</summary>
    /// <exception cref="ConfigurationException">A registration is invalid.</exception>
    public static void RequireValidRegistrations(this WebApplication app)
    {
        try
        {
            app.Services.ValidateRegistrations(ReservedSlugs);
        }
        catch (InvalidRegistrationException ex)
        {
            throw new ConfigurationException(ex.Message, ex);
        }
    }
}
