using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Lightning.Api;

/// <summary>The section <c>Api</c>.</summary>
sealed record ApiOptions
{
    /// <summary>The origins of front ends that call this API themselves, token in hand. None by default: a front end behind the BFF is of the BFF's origin.</summary>
    public string[] Origins { get; init; } = [];
}

/// <summary>Checks <see cref="ApiOptions"/> at start.</summary>
sealed class ApiOptionsValidation(IHostEnvironment environment) : IValidateOptions<ApiOptions>
{
    public ValidateOptionsResult Validate(string? name, ApiOptions options)
    {
        var sentences = options.Origins.Select(origin => WebOrigin.Fault("Api:Origins", origin, environment.IsProduction())).OfType<string>().ToList();
        return sentences.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(sentences);
    }
}

/// <summary>Which scripts of other origins may read this API's answers.</summary>
static class CrossOrigin
{
    static readonly TimeSpan PreflightLifetime = TimeSpan.FromMinutes(10);

    public static void AddCrossOrigin(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<ApiOptions>, ApiOptionsValidation>();
        services.AddOptions<ApiOptions>().BindConfiguration("Api").ValidateOnStart();
        services.AddCors();
        // Never with credentials: no cookie counts here. Compared character by character.
        services.AddOptions<CorsOptions>().Configure<IOptions<ApiOptions>>((cors, api) => cors.AddDefaultPolicy(policy => policy
            .SetIsOriginAllowed(origin => api.Value.Origins.Contains(origin, StringComparer.Ordinal))
            .WithMethods(HttpMethods.Get, HttpMethods.Post, HttpMethods.Put, HttpMethods.Patch, HttpMethods.Delete)
            .WithHeaders(HeaderNames.Authorization, HeaderNames.ContentType, HeaderNames.IfMatch, HeaderNames.IfNoneMatch, Idempotency.IdempotentRequests.Header)
            .WithExposedHeaders(HeaderNames.ETag, HeaderNames.Link, HeaderNames.Location, HeaderNames.RetryAfter, HeaderNames.WWWAuthenticate)
            .SetPreflightMaxAge(PreflightLifetime)));
    }
}
