using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApplicationModels;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ViewFeatures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.ServiceDefaults;

/// <summary>Adds the check of stale forms.</summary>
public static class StaleFormExtensions
{
    /// <summary>
    /// Replaces the antiforgery check of all Razor Pages: as strict, but a stale form of this site is shown again by
    /// the page's handler <c>OnPostStale</c>, or else <c>OnGet</c>. Bound properties have the posted values.
    /// </summary>
    public static PageConventionCollection ShowStaleFormsAgain(this PageConventionCollection conventions)
    {
        ArgumentNullException.ThrowIfNull(conventions);
        conventions.AddFolderApplicationModelConvention(
            "/",
            page =>
            {
                var checks = page.Filters.OfType<AutoValidateAntiforgeryTokenAttribute>().ToList();
                foreach (var check in checks)
                    page.Filters.Remove(check);
                // A page without the framework's check, such as an error page, gets none here.
                if (checks.Count > 0)
                    page.Filters.Add(new StaleFormFilter());
            }
        );
        return conventions;
    }
}

/// <summary>
/// Checks antiforgery tokens. A stale form of this site is not executed but shown again; any other request is refused.
/// </summary>
sealed class StaleFormFilter : IAsyncAuthorizationFilter, IAsyncPageFilter, IAntiforgeryPolicy, IOrderedFilter
{
    /// <summary>As the framework's check: after the filters that limit the body, which this one reads.</summary>
    public int Order => 1000;

    public async Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        var http = context.HttpContext;
        var method = http.Request.Method;
        if (
            !context.IsEffectivePolicy<IAntiforgeryPolicy>(this)
            || HttpMethods.IsGet(method)
            || HttpMethods.IsHead(method)
            || HttpMethods.IsOptions(method)
            || HttpMethods.IsTrace(method)
        )
            return;
        try
        {
            await http.RequestServices.GetRequiredService<IAntiforgery>().ValidateRequestAsync(http);
        }
        catch (AntiforgeryValidationException)
        {
            if (await ReadAsync(http) is { } stale)
                http.Features.Set(stale);
            else
                context.Result = new AntiforgeryValidationFailedResult();
        }
    }

    /// <summary>Returns the stale form; null if the request must be refused.</summary>
    static async Task<StaleForm?> ReadAsync(HttpContext http)
    {
        var options = http.RequestServices.GetRequiredService<IOptions<AntiforgeryOptions>>().Value;
        if (!HttpMethods.IsPost(http.Request.Method) || !IsFromThisSite(http.Request))
            return null;
        try
        {
            var form = await http.Request.ReadFormAsync(http.RequestAborted);
            // Every form of this site has a token.
            return form[options.FormFieldName] is [{ Length: > 0 }]
                ? new StaleForm(http.Request.Cookies.ContainsKey(options.Cookie.Name!))
                : null;
        }
        catch (Exception ex) when (ex is InvalidDataException or InvalidOperationException or IOException)
        {
            return null;
        }
    }

    public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context)
    {
        if (StaleForm.Of(context.HttpContext) is null)
            return Task.CompletedTask;
        var handlers = context.ActionDescriptor.HandlerMethods;
        // Without a handler, the page itself is shown.
        context.HandlerMethod =
            handlers.FirstOrDefault(handler => handler is { HttpMethod: "Post", Name: "Stale" })
            ?? handlers.FirstOrDefault(handler => handler is { HttpMethod: "Get", Name: null });
        return Task.CompletedTask;
    }

    public Task OnPageHandlerExecutionAsync(PageHandlerExecutingContext context, PageHandlerExecutionDelegate next) =>
        next();

    /// <summary>
    /// Whether a browser posted a form of this site, and not a script or another site. Browsers send
    /// <c>Origin: null</c> for the forms of a page with <c>Referrer-Policy: no-referrer</c>, so
    /// <c>Sec-Fetch-Site</c> counts where there is one.
    /// </summary>
    static bool IsFromThisSite(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"] is [{ } site]
            ? site == "same-origin" && request.Headers["Sec-Fetch-Mode"] == "navigate"
            : request.Headers.Origin == $"{request.Scheme}://{request.Host}";
}
