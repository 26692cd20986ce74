using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Lightning.ServiceDefaults;

/// <summary>Denied by default: an endpoint that does not say who may use it stops the start.</summary>
public static class StatedPolicies
{
    /// <summary>Call when everything is mapped.</summary>
    /// <exception cref="ConfigurationException">Names the endpoints that state no policy.</exception>
    public static WebApplication RequireStatedPolicies(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var silent = ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints)
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAuthorizeData>() is null
                && endpoint.Metadata.GetMetadata<AuthorizationPolicy>() is null
                && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null)
            .Select(endpoint => endpoint.DisplayName).ToArray();
        return silent.Length == 0 ? app : throw new ConfigurationException(
            $"No policy is stated for {string.Join(", ", silent)}: add RequireAuthorization() or AllowAnonymous() where it is mapped.");
    }
}
