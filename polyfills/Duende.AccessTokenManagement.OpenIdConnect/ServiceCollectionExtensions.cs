using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Duende.AccessTokenManagement.OpenIdConnect;

/// <summary>Registers the management of users' tokens.</summary>
public static class ServiceCollectionExtensions
{
    public static IServiceCollection AddOpenIdConnectAccessTokenManagement(this IServiceCollection services)
    {
        services.AddOptions();
        services.TryAddTransient<IOpenIdConnectUserTokenEndpoint, OpenIdConnectUserTokenEndpoint>();
        return services;
    }

    public static IServiceCollection AddOpenIdConnectAccessTokenManagement(
        this IServiceCollection services,
        Action<UserTokenManagementOptions> configureAction
    )
    {
        services.Configure(configureAction);
        return services.AddOpenIdConnectAccessTokenManagement();
    }
}
