using Microsoft.AspNetCore.Mvc.Filters;

namespace Lightning.Identity.Web;

/// <summary>Forbids caches to store the account pages (ASVS 5.0, 14.3.2).</summary>
sealed class NoStore : IAlwaysRunResultFilter
{
    public void OnResultExecuting(ResultExecutingContext context) =>
        context.HttpContext.Response.Headers.CacheControl = "no-cache, no-store";

    public void OnResultExecuted(ResultExecutedContext context) { }
}
