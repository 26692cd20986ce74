using Microsoft.AspNetCore.Http.Extensions;

namespace Lightning.Api;

/// <summary>Where a list goes on (RFC 8288).</summary>
static class NextPage
{
    /// <summary>Adds the <c>Link</c> of the next page: the same request, but for where it begins.</summary>
    public static void Link(HttpContext http, string? after)
    {
        if (after is null) return;
        var query = new QueryBuilder(http.Request.Query.Where(pair => !pair.Key.Equals("after", StringComparison.OrdinalIgnoreCase))) { { "after", after } };
        http.Response.Headers.Link = $"<{http.Request.PathBase}{http.Request.Path}{query}>; rel=\"next\"";
    }
}
