using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.ServiceDefaults;

/// <summary>
/// The Content-Security-Policy of a service, by directive. It starts as one for documents that load nothing from elsewhere;
/// <c>{nonce}</c> stands for the request's nonce. ASVS 5.0, 3.4.3.
/// </summary>
public sealed class ContentSecurityPolicy
{
    readonly Dictionary<string, string> directives = new(StringComparer.Ordinal)
    {
        ["default-src"] = "'self'",
        ["script-src"] = "'self' 'nonce-{nonce}'",
        ["style-src"] = "'self' 'nonce-{nonce}'",
        ["img-src"] = "'self' data:",
        ["object-src"] = "'none'",
        ["base-uri"] = "'none'",
        ["form-action"] = "'self'",
        ["frame-ancestors"] = "'none'",
    };

    /// <summary>The sources of a directive; null removes it.</summary>
    public string? this[string directive]
    {
        get => directives.GetValueOrDefault(directive);
        set
        {
            if (value is null) directives.Remove(directive);
            else directives[directive] = value;
        }
    }

    /// <summary>Allows nothing at all: for answers that are no documents.</summary>
    public void AllowNothing()
    {
        directives.Clear();
        directives["default-src"] = directives["frame-ancestors"] = directives["base-uri"] = "'none'";
    }

    /// <summary>The header's value, nonce still open.</summary>
    public override string ToString() => string.Join("; ", directives.Select(directive => $"{directive.Key} {directive.Value}"));
}

/// <summary>Security headers on every answer, errors included.</summary>
public static class SecurityHeaders
{
    const string Open = "{nonce}";
    static readonly object NonceItem = new();

    /// <summary>The nonce that this answer's inline scripts and styles must bear; 128 random bits.</summary>
    public static string CspNonce(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Items[NonceItem] is string nonce) return nonce;
        nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        context.Items[NonceItem] = nonce;
        return nonce;
    }

    internal static void UseSecurityHeaders(this WebApplication app)
    {
        var policy = app.Services.GetRequiredService<IOptions<ContentSecurityPolicy>>().Value.ToString();
        var hasNonce = policy.Contains(Open, StringComparison.Ordinal);
        app.Use((context, next) =>
        {
            context.Response.OnStarting(() =>
            {
                var headers = context.Response.Headers;
                // A page that needs a policy of its own, such as the API's documentation, has set it by now.
                if (headers.ContentSecurityPolicy.Count == 0)
                    headers.ContentSecurityPolicy = hasNonce ? policy.Replace(Open, context.CspNonce(), StringComparison.Ordinal) : policy;
                headers.XContentTypeOptions = "nosniff";
                headers.XFrameOptions = "DENY";
                headers["Referrer-Policy"] = "no-referrer";
                headers["Cross-Origin-Opener-Policy"] = "same-origin";
                headers["Cross-Origin-Resource-Policy"] = "same-origin";
                return Task.CompletedTask;
            });
            return next(context);
        });
    }
}
