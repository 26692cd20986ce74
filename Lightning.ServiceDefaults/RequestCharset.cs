using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Lightning.ServiceDefaults;

/// <summary>
/// Rejects bodies that are not UTF-8 with 415. The framework throws on charsets that are unknown or disabled.
/// </summary>
static class RequestCharset
{
    public static void UseRequestCharset(this WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                if (IsUtf8(context.Request.ContentType))
                    return next(context);
                context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
                return Task.CompletedTask;
            }
        );

    static bool IsUtf8(string? contentType) =>
        !MediaTypeHeaderValue.TryParse(contentType, out var type)
        || !type.Charset.HasValue
        || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase);
}
