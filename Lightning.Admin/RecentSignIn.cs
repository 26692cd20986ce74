using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Lightning.Admin;

/// <summary>
/// A page that acts upon other people wants a sign-in of the last hour (ASVS 5.0, 7.5.3); whoever comes without one is led through it and back, and asked again. Of the database's functions
/// those that shut out, let in, remove, take a second factor away, have a password reset or hand over ask for the same; those that end sessions do not, because Identity and the command line call them too.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RecentSignInAttribute : Attribute, IAsyncPageFilter
{
    /// <summary>How long a sign-in counts.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task OnPageHandlerExecutionAsync(PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        var http = context.HttpContext;
        if (http.LiveSession() is { } session && http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow() - session.AuthTime <= Longest)
        {
            await next();
            return;
        }
        http.Response.Headers.Location = UriHelper.BuildRelative(http.Request.PathBase, "/login", QueryString.Create("prompt", "login").Add("returnUrl", http.Request.Path));
        context.Result = new StatusCodeResult(StatusCodes.Status303SeeOther);
    }
}
