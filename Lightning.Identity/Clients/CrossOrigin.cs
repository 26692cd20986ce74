namespace Lightning.Identity.Clients;

/// <summary>Which scripts of other origins may read this provider's answers: those of public clients, at endpoints that clients call themselves.</summary>
static class CrossOrigin
{
    /// <summary>Without it an endpoint answers no script of another origin; the authorization endpoint never has it (RFC 9700, 2.6).</summary>
    public const string PublicClients = "public-clients";

    static readonly TimeSpan PreflightLifetime = TimeSpan.FromMinutes(10);

    public static void AddCrossOrigin(this IServiceCollection services)
    {
        services.AddCors();
        // Never with credentials: no cookie of ours counts at these endpoints.
        services.AddOptions<Microsoft.AspNetCore.Cors.Infrastructure.CorsOptions>().Configure<ClientRegistry>((cors, clients) => cors.AddPolicy(PublicClients, policy => policy
            .SetIsOriginAllowed(clients.IsOrigin)
            .WithMethods(HttpMethods.Get, HttpMethods.Post)
            .WithHeaders("Authorization", "Content-Type")
            .WithExposedHeaders("WWW-Authenticate", "Retry-After")
            .SetPreflightMaxAge(PreflightLifetime)));
    }
}
