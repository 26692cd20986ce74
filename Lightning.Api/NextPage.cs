using Microsoft.AspNetCore.Http.Extensions;

namespace Lightning.Api;

/// <summary>The <c>Link</c> header of paged lists (RFC 8288).</summary>
static class NextPage
{
    /// <summary>Adds the link to the next page, unless <paramref name="after"/> is null.</summary>
    public static void Link(HttpContext http, string? after)
    {
        if (after is null)
            return;
        var query = new QueryBuilder(
            http.Request.Query.Where(pair => !pair.Key.Equals("after", StringComparison.OrdinalIgnoreCase))
        )
        {
            { "after", after },
        };
        http.Response.Headers.Link = $"<{http.Request.PathBase}{http.Request.Path}{query}>; rel=\"next\"";
    }
}
