using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Lightning.ServiceDefaults;

/// <summary>Bodies are UTF-8. The framework would try any charset that a request names, and fails where it does not know it or has it forbidden.</summary>
static class RequestCharset
{
    public static void UseRequestCharset(this WebApplication app) => app.Use((context, next) =>
    {
        if (IsUtf8(context.Request.ContentType)) return next(context);
        context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
        return Task.CompletedTask;
    });

    static bool IsUtf8(string? contentType) =>
        !MediaTypeHeaderValue.TryParse(contentType, out var type) || !type.Charset.HasValue
        || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase);
}
