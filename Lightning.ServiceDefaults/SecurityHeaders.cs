using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.ServiceDefaults;

/// <summary>
/// The Content-Security-Policy of a service, by directive. The default is for documents that load nothing from other
/// origins; <c>{nonce}</c> is replaced by the request's nonce. ASVS 5.0, 3.4.3.
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
            if (value is null)
                directives.Remove(directive);
            else
                directives[directive] = value;
        }
    }

    /// <summary>Allows nothing, for services that return no HTML.</summary>
    public void AllowNothing()
    {
        directives.Clear();
        directives["default-src"] = directives["frame-ancestors"] = directives["base-uri"] = "'none'";
    }

    /// <summary>The header's value, with <c>{nonce}</c> as the placeholder.</summary>
    public override string ToString() =>
        string.Join("; ", directives.Select(directive => $"{directive.Key} {directive.Value}"));
}

/// <summary>Security headers on every response, including errors.</summary>
public static class SecurityHeaders
{
    const string NoncePlaceholder = "{nonce}";
    static readonly object NonceItem = new();

    /// <summary>The nonce of this response's inline scripts and styles: 128 random bits, in Base64.</summary>
    public static string CspNonce(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Items[NonceItem] is string nonce)
            return nonce;
        nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        context.Items[NonceItem] = nonce;
        return nonce;
    }

    internal static void UseSecurityHeaders(this WebApplication app)
    {
        var policy = app.Services.GetRequiredService<IOptions<ContentSecurityPolicy>>().Value.ToString();
        var hasNonce = policy.Contains(NoncePlaceholder, StringComparison.Ordinal);
        app.Use(
            (context, next) =>
            {
                context.Response.OnStarting(() =>
                {
                    var headers = context.Response.Headers;
                    // A page with its own policy, such as the API reference, has set it by now.
                    if (headers.ContentSecurityPolicy.Count == 0)
                        headers.ContentSecurityPolicy = hasNonce
                            ? policy.Replace(NoncePlaceholder, context.CspNonce(), StringComparison.Ordinal)
                            : policy;
                    headers.XContentTypeOptions = "nosniff";
                    headers.XFrameOptions = "DENY";
                    headers["Referrer-Policy"] = "no-referrer";
                    headers["Cross-Origin-Opener-Policy"] = "same-origin";
                    headers["Cross-Origin-Resource-Policy"] = "same-origin";
                    return Task.CompletedTask;
                });
                return next(context);
            }
        );
    }
}
