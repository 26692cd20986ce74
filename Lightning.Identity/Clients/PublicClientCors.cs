namespace Lightning.Identity.Clients;

/// <summary>The CORS policy: scripts of public clients may read the endpoints that clients call directly.</summary>
static class PublicClientCors
{
    /// <summary>
    /// Only endpoints with this policy allow CORS. The authorization endpoint never has it (RFC 9700, 2.6).
    /// </summary>
    public const string PolicyName = "public-clients";

    static readonly TimeSpan PreflightLifetime = TimeSpan.FromMinutes(10);

    public static void AddPublicClientCors(this IServiceCollection services)
    {
        services.AddCors();
        // No credentials: these endpoints ignore cookies.
        services
            .AddOptions<Microsoft.AspNetCore.Cors.Infrastructure.CorsOptions>()
            .Configure<ClientRegistry>(
                (cors, clients) =>
                    cors.AddPolicy(
                        PolicyName,
                        policy =>
                            policy
                                .SetIsOriginAllowed(clients.IsOrigin)
                                .WithMethods(HttpMethods.Get, HttpMethods.Post)
                                .WithHeaders("Authorization", "Content-Type")
                                .WithExposedHeaders("WWW-Authenticate", "Retry-After")
                                .SetPreflightMaxAge(PreflightLifetime)
                    )
            );
    }
}
