using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Lightning.ServiceDefaults;

/// <summary>Secure by default: every endpoint must state its authorization.</summary>
public static class AuthorizationMetadata
{
    /// <summary>Throws if an endpoint has no authorization metadata. Call after all endpoints are mapped.</summary>
    /// <exception cref="ConfigurationException">Names the endpoints without authorization metadata.</exception>
    public static WebApplication RequireAuthorizationMetadata(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var unprotected = ((IEndpointRouteBuilder)app)
            .DataSources.SelectMany(source => source.Endpoints)
            .Where(endpoint =>
                endpoint.Metadata.GetMetadata<IAuthorizeData>() is null
                && endpoint.Metadata.GetMetadata<AuthorizationPolicy>() is null
                && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null
            )
            .Select(endpoint => endpoint.DisplayName)
            .ToArray();
        return unprotected.Length == 0
            ? app
            : throw new ConfigurationException(
                $"No policy is stated for {string.Join(", ", unprotected)}: add RequireAuthorization() or "
                    + $"AllowAnonymous() where it is mapped."
            );
    }
}
