using Lightning.Admin.Drafts;
using Lightning.Authorization;
using Lightning.Sessions.Cookies.WebSessions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace Lightning.Admin;

/// <summary>
/// Requires an administrator on every endpoint that does not allow anonymous access. The role is read from the database
/// on each request.
/// </summary>
static class AdministratorsOnly
{
    public static IServiceCollection AddAdministratorsOnly(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddScoped(provider =>
            provider.GetRequiredService<IHttpContextAccessor>().HttpContext?.LiveSession() is { } session
                ? new Actor(session.User.Id, session.Id, session.User.IsAdmin, session.User.EmailVerified)
                : throw new InvalidOperationException("There is no actor: the request is not authenticated.")
        );
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, ForbiddenHandler>();
        services.Configure<AuthorizationOptions>(options =>
        {
            var administrator = new AuthorizationPolicyBuilder(options.DefaultPolicy)
                .RequireAssertion(context => (context.Resource as HttpContext)?.LiveSession()?.User.IsAdmin == true)
                .Build();
            options.DefaultPolicy = options.FallbackPolicy = administrator;
        });
        return services;
    }

    /// <summary>
    /// Answers 403 to signed-in users who are not administrators; anonymous users are challenged, and what they entered
    /// in a form is kept.
    /// </summary>
    sealed class ForbiddenHandler : IAuthorizationMiddlewareResultHandler
    {
        readonly AuthorizationMiddlewareResultHandler fallback = new();

        public Task HandleAsync(
            RequestDelegate next,
            HttpContext context,
            AuthorizationPolicy policy,
            PolicyAuthorizationResult authorizeResult
        )
        {
            if (authorizeResult.Challenged && SignInRedirect.IsFormOfThisSite(context.Request))
                return SignInRedirect.WriteAsync(context, prompt: null);
            if (!authorizeResult.Forbidden)
                return fallback.HandleAsync(next, context, policy, authorizeResult);
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }
    }
}
