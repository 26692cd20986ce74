using System.Globalization;
using System.Net;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.Provider;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>
/// Limits the sign-ins that an address begins, and the provider's responses that it brings back: each makes a call to
/// the provider, and needs no session. Separate from the limits of sessions and of invalid cookies.
/// </summary>
sealed class SignInLimits(IOptions<SessionsOptions> options) : IDisposable
{
    readonly PerMinuteLimiter<IPAddress> begun = new(options.Value.SignInsPerMinute);
    readonly PerMinuteLimiter<IPAddress> responses = new(options.Value.SignInsPerMinute);

    /// <summary>Counts a sign-in. Answers 429 and returns false if the address has begun too many.</summary>
    public Task<bool> MayBeginAsync(HttpContext context) => MayCallAsync(context, begun);

    /// <summary>Counts a response of the provider. Answers 429 and returns false if there are too many.</summary>
    public Task<bool> MayRespondAsync(HttpContext context) => MayCallAsync(context, responses);

    static async Task<bool> MayCallAsync(HttpContext context, PerMinuteLimiter<IPAddress> limiter)
    {
        if (limiter.TryTake(context.Network(), out var wait))
            return true;
        context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds))
            .ToString(CultureInfo.InvariantCulture);
        await SignInPages.WriteProblemAsync(
            context,
            Problem.TooManyRequests,
            "Too many sign-ins were begun from this address. Wait a minute, then try again."
        );
        return false;
    }

    public void Dispose()
    {
        begun.Dispose();
        responses.Dispose();
    }
}

static class SignInLimitExtensions
{
    /// <summary>Limits the provider's responses; must come before the handler.</summary>
    public static IApplicationBuilder UseSignInLimits(this IApplicationBuilder app)
    {
        var party = app.ApplicationServices.GetRequiredService<RelyingParty>();
        var limits = app.ApplicationServices.GetRequiredService<SignInLimits>();
        return app.Use(
            async (context, next) =>
            {
                if (context.Request.Path != party.CallbackPath || await limits.MayRespondAsync(context))
                    await next(context);
            }
        );
    }
}
