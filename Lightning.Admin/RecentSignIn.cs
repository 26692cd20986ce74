using Lightning.Admin.Drafts;
using Lightning.Sessions.Cookies.WebSessions;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Lightning.Admin;

/// <summary>
/// Requires a sign-in within the last hour for pages that affect other users (ASVS 5.0, 7.5.3); older sessions are sent
/// to sign in again and back, with what was entered. The database functions check the same, except for those that end
/// sessions, which Identity and the command line also call.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RecentSignInAttribute : Attribute, IAsyncPageFilter
{
    /// <summary>The maximum age of the sign-in.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task OnPageHandlerExecutionAsync(
        PageHandlerExecutingContext context,
        PageHandlerExecutionDelegate next
    )
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        var http = context.HttpContext;
        if (
            http.LiveSession() is { } session
            && http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow() - session.AuthTime <= Longest
        )
        {
            await next();
            return;
        }
        if (SignInRedirect.IsFormOfThisSite(http.Request))
        {
            await SignInRedirect.WriteAsync(http, prompt: "login");
            context.Result = new EmptyResult();
            return;
        }
        http.Response.Headers.Location = UriHelper.BuildRelative(
            http.Request.PathBase,
            "/login",
            QueryString.Create("prompt", "login").Add("returnUrl", http.Request.Path)
        );
        context.Result = new StatusCodeResult(StatusCodes.Status303SeeOther);
    }
}
