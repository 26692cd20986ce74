using System.Reflection;
using Lightning.Admin.Engine.Drafts;
using Lightning.Admin.Engine.Exports;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.FullText;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Lightning.Admin.Engine;

/// <summary>Adds the admin engine to an application.</summary>
public static class AdminEngineExtensions
{
    /// <summary>
    /// Adds the services behind the pages and every registration of the assemblies. The application adds the policies,
    /// a scoped <see cref="Actor"/>, the <see cref="Audit.IAuditLog"/> and a layout named <c>_Layout</c>; and before
    /// this call an <see cref="IFormDrafts"/>, if it keeps forms whose user had to sign in again.
    /// </summary>
    /// <typeparam name="TContext">The application's database context.</typeparam>
    /// <param name="services">The services.</param>
    /// <param name="assemblies">The assemblies with registrations.</param>
    public static IServiceCollection AddAdminEngine<TContext>(
        this IServiceCollection services,
        params Assembly[] assemblies
    )
        where TContext : DbContext
    {
        foreach (var assembly in assemblies)
            services.AddRegistrations(assembly);
        services.AddOptions<AdminOptions>();
        services.AddSingleton<AdminSite>();
        services.AddSingleton<ExportLimiter>();
        services.TryAddScoped<IFormDrafts, NoFormDrafts>();
        services.AddScoped<DbContext>(provider => provider.GetRequiredService<TContext>());
        services.AddScoped(provider => new AdminRequest(
            provider.GetRequiredService<AdminSite>(),
            provider.GetRequiredService<DbContext>(),
            provider.GetRequiredService<Actor>(),
            provider.GetRequiredService<TimeProvider>()
        ));
        return services;
    }

    /// <summary>Adds every registration of an assembly, and its <see cref="ITextSearch"/> if it has one.</summary>
    public static IServiceCollection AddRegistrations(this IServiceCollection services, Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        foreach (
            var registration in assembly
                .GetTypes()
                .Where(type =>
                    type is { IsAbstract: false, IsNested: false } && type.IsAssignableTo(typeof(Registration))
                )
        )
            services.AddSingleton(typeof(Registration), registration);
        foreach (var search in assembly.GetTypes().Where(type => type.IsAssignableTo(typeof(ITextSearch))))
            if (search is { IsInterface: false } && search != typeof(SimpleTextSearch))
                services.AddSingleton(typeof(ITextSearch), search);
        return services;
    }

    /// <summary>Maps the endpoints of exports and pickers; the pages are Razor Pages.</summary>
    public static void MapAdminEngine(this IEndpointRouteBuilder app)
    {
        app.MapExports();
        app.MapRelationSearch();
    }
}
