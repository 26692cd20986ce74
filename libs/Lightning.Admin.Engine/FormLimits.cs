using Microsoft.AspNetCore.Http.Features;

namespace Lightning.Admin.Engine;

/// <summary>Refuses forms that are too large with 413 and the limit, before anything reads them.</summary>
public static class FormLimits
{
    /// <summary>
    /// How much of a refused form is read, in bytes: a browser shows a response only after it has sent the request.
    /// </summary>
    const long MostDrained = 64 * 1024 * 1024;

    /// <summary>
    /// Adds the check. It must come after the application's error pages and before anything that reads forms, such as
    /// authorization with antiforgery.
    /// </summary>
    public static IApplicationBuilder UseFormLimits(this IApplicationBuilder app) =>
        app.Use((context, next) => IsTooLarge(context, out var limit) ? RefuseAsync(context, limit) : next(context));

    static bool IsTooLarge(HttpContext context, out long limit)
    {
        var size = context.Features.Get<IHttpMaxRequestBodySizeFeature>();
        if (context.GetEndpoint()?.Metadata.GetMetadata<FormLimitAttribute>() is { } own)
        {
            limit = own.MaxBytes;
            if (size is { IsReadOnly: false })
                size.MaxRequestBodySize = limit;
        }
        else
            limit = size?.MaxRequestBodySize ?? long.MaxValue;
        return context.Request.HasFormContentType && context.Request.ContentLength > limit;
    }

    static async Task RefuseAsync(HttpContext context, long limit)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = MostDrained;
        if (context.Request.ContentLength <= MostDrained)
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        // The error page would read the form otherwise.
        context.Request.ContentType = null;
        var text = new StatusText(
            "Too large",
            context.GetEndpoint()?.Metadata.GetMetadata<FormLimitAttribute>()?.Text
                ?? $"A form can have at most {limit / 1024 / 1024} MB. Nothing was saved."
        );
        context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
        context.Response.Headers.CacheControl = "no-store";
        if (StatusText.IsShownTo(context))
            context.Features.Set(text);
        else
            await context
                .RequestServices.GetRequiredService<IProblemDetailsService>()
                .TryWriteAsync(
                    new()
                    {
                        HttpContext = context,
                        ProblemDetails =
                        {
                            Status = StatusCodes.Status413PayloadTooLarge,
                            Title = text.Heading,
                            Detail = text.Text,
                        },
                    }
                );
    }
}

/// <summary>A page's own limit instead of the server's.</summary>
/// <param name="maxBytes">The maximum size of a form in bytes.</param>
/// <param name="text">One or two sentences that name the limit.</param>
[AttributeUsage(AttributeTargets.Class)]
sealed class FormLimitAttribute(long maxBytes, string text) : Attribute
{
    /// <summary>The maximum size of a form in bytes.</summary>
    public long MaxBytes { get; } = maxBytes;

    /// <summary>The sentences.</summary>
    public string Text { get; } = text;
}
