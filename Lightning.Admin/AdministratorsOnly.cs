using Lightning.Data.Rules;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace Lightning.Admin;

/// <summary>Every page is for administrators, as the database says at this moment; a page for everyone has to say so.</summary>
static class AdministratorsOnly
{
    public static IServiceCollection AddAdministratorsOnly(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddScoped(provider => provider.GetRequiredService<IHttpContextAccessor>().HttpContext?.LiveSession() is { } session
            ? new Actor(session.User.Id, session.Id, session.User.IsAdmin, session.User.EmailVerified)
            : throw new InvalidOperationException("There is no actor: nobody is signed in."));
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, Refusal>();
        services.Configure<AuthorizationOptions>(options =>
        {
            var administrator = new AuthorizationPolicyBuilder(options.DefaultPolicy)
                .RequireAssertion(context => (context.Resource as HttpContext)?.LiveSession()?.User.IsAdmin == true).Build();
            options.DefaultPolicy = options.FallbackPolicy = administrator;
        });
        return services;
    }

    /// <summary>Whoever is signed in and no administrator gets a page that says so; anybody else is sent to sign in.</summary>
    sealed class Refusal : IAuthorizationMiddlewareResultHandler
    {
        readonly AuthorizationMiddlewareResultHandler otherwise = new();

        public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
        {
            if (!authorizeResult.Forbidden) return otherwise.HandleAsync(next, context, policy, authorizeResult);
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }
    }
}
