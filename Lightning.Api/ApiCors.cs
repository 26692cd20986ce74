using Lightning.Api.Idempotency;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Lightning.Api;

/// <summary>The configuration section <c>Api</c>.</summary>
sealed record ApiOptions
{
    /// <summary>
    /// The origins of front ends that call the API with an access token. Empty by default: a front end behind the BFF
    /// does not need CORS.
    /// </summary>
    public string[] Origins { get; init; } = [];
}

/// <summary>Validates <see cref="ApiOptions"/> at start.</summary>
sealed class ApiOptionsValidator(IHostEnvironment environment) : IValidateOptions<ApiOptions>
{
    public ValidateOptionsResult Validate(string? name, ApiOptions options)
    {
        var errors = options
            .Origins.Select(origin => WebOrigin.Validate("Api:Origins", origin, environment.IsProduction()))
            .OfType<string>()
            .ToList();
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}

/// <summary>The CORS policy of the API.</summary>
static class ApiCors
{
    static readonly TimeSpan PreflightMaxAge = TimeSpan.FromMinutes(10);

    static readonly string[] Methods =
    [
        HttpMethods.Get,
        HttpMethods.Post,
        HttpMethods.Put,
        HttpMethods.Patch,
        HttpMethods.Delete,
    ];

    static readonly string[] RequestHeaders =
    [
        HeaderNames.Authorization,
        HeaderNames.ContentType,
        HeaderNames.IfMatch,
        HeaderNames.IfNoneMatch,
        IdempotencyKeys.Header,
    ];

    static readonly string[] ResponseHeaders =
    [
        HeaderNames.ETag,
        HeaderNames.Link,
        HeaderNames.Location,
        HeaderNames.RetryAfter,
        HeaderNames.WWWAuthenticate,
    ];

    public static void AddApiCors(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<ApiOptions>, ApiOptionsValidator>();
        services.AddOptions<ApiOptions>().BindConfiguration("Api").ValidateOnStart();
        services.AddCors();
        // Without credentials: the API uses no cookies.
        services
            .AddOptions<CorsOptions>()
            .Configure<IOptions<ApiOptions>>(
                (cors, api) =>
                    cors.AddDefaultPolicy(policy =>
                        policy
                            .SetIsOriginAllowed(origin => api.Value.Origins.Contains(origin, StringComparer.Ordinal))
                            .WithMethods(Methods)
                            .WithHeaders(RequestHeaders)
                            .WithExposedHeaders(ResponseHeaders)
                            .SetPreflightMaxAge(PreflightMaxAge)
                    )
            );
    }
}
