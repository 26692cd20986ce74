using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Idempotency;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;

namespace Lightning.Api.Idempotency;

/// <summary>Marks an endpoint that accepts an <c>Idempotency-Key</c>.</summary>
sealed record AcceptsIdempotencyKey;

/// <summary>
/// Executes requests with the same <c>Idempotency-Key</c> once, on any replica, and replays the response. The key, the
/// work and the response are one transaction: a concurrent retry waits in the database. Failed requests keep no key.
/// </summary>
static class IdempotencyKeys
{
    public const string Header = "Idempotency-Key";
    static readonly string[] StoredHeaders = [HeaderNames.ContentType, HeaderNames.ETag, HeaderNames.Location];

    /// <summary>
    /// Buffers the bodies of requests with a key, because their hash is stored. Call before the endpoints.
    /// </summary>
    public static void UseIdempotencyKeys(this WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                if (context.Request.Headers.ContainsKey(Header))
                    context.Request.EnableBuffering(bufferThreshold: 1024 * 1024);
                return next(context);
            }
        );

    /// <summary>
    /// Accepts an <c>Idempotency-Key</c>. Call after <c>Requires</c>, so that each retry is authorized.
    /// </summary>
    public static RouteHandlerBuilder Idempotent(this RouteHandlerBuilder endpoint) =>
        endpoint
            .WithMetadata(new AcceptsIdempotencyKey())
            .AddEndpointFilter(InvokeAsync)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    static async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var http = invocation.HttpContext;
        var header = http.Request.Headers[Header];
        if (header.Count == 0)
            return await next(invocation);
        if (
            header.Count > 1
            || header[0] is not { Length: > 0 and <= KeyedRequest.KeyLength } key
            || key.Any(character => character is <= ' ' or > '~')
        )
            return TypedResults.ValidationProblem(
                new Dictionary<string, string[]>
                {
                    [Header] = [$"Must be 1 to {KeyedRequest.KeyLength} visible ASCII characters."],
                }
            );

        var services = http.RequestServices;
        var db = services.GetRequiredService<LightningDb>();
        var actor = services.GetRequiredService<Actor>();
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        var hash = await HashAsync(http.Request);
        await using var transaction = await db.Database.BeginTransactionAsync(http.RequestAborted);
        // Waits for a concurrent request with this key. Its row exists then if it succeeded.
        var isFirst =
            await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO app.keyed_requests AS stored (user_id, key, request_hash, status, headers, body, expires_at)
                VALUES ({actor.UserId}, {key}, {hash}, 0, {"{}"}::jsonb, ''::bytea, {now + KeyedRequest.Lifetime})
                ON CONFLICT (user_id, key) DO UPDATE SET request_hash = excluded.request_hash, status = 0,
                    expires_at = excluded.expires_at
                    WHERE stored.expires_at <= {now}
                """,
                http.RequestAborted
            ) == 1;
        var stored = await db.KeyedRequests.SingleAsync(
            request => request.UserId == actor.UserId && request.Key == key,
            http.RequestAborted
        );
        if (!isFirst)
            return CryptographicOperations.FixedTimeEquals(stored.RequestHash, hash)
                ? StoredResponse.FromRequest(stored)
                : Problem.IdempotencyKeyReused.ToResult(
                    "This key was used for a different request. Use a new key for each new request."
                );

        var body = await CaptureAsync(http, await next(invocation));
        if (http.Response.StatusCode is >= 200 and < 300)
        {
            stored.Status = http.Response.StatusCode;
            stored.Body = body;
            stored.Headers = JsonSerializer.Serialize(
                StoredHeaders
                    .Where(http.Response.Headers.ContainsKey)
                    .ToDictionary(name => name, name => http.Response.Headers[name].ToString())
            );
            await db.SaveChangesAsync(CancellationToken.None);
            await transaction.CommitAsync(CancellationToken.None);
        }
        return new StoredResponse(null, null, body);
    }

    static async Task<byte[]> HashAsync(HttpRequest request)
    {
        request.Body.Position = 0;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n"));
        hash.AppendData(await SHA256.HashDataAsync(request.Body, request.HttpContext.RequestAborted));
        return hash.GetHashAndReset();
    }

    /// <summary>Executes a result and returns its body without sending it: the transaction is still open.</summary>
    static async Task<byte[]> CaptureAsync(HttpContext http, object? result)
    {
        var original = http.Response.Body;
        using var buffer = new MemoryStream();
        http.Response.Body = buffer;
        try
        {
            await ((IResult)result!).ExecuteAsync(http);
            return buffer.ToArray();
        }
        finally
        {
            http.Response.Body = original;
        }
    }
}

/// <summary>A response that is replayed, or whose body was captured.</summary>
sealed class StoredResponse(int? status, Dictionary<string, string>? headers, byte[] body) : IResult
{
    public static StoredResponse FromRequest(KeyedRequest stored) =>
        new(stored.Status, JsonSerializer.Deserialize<Dictionary<string, string>>(stored.Headers)!, stored.Body);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        if (status is { } code)
            httpContext.Response.StatusCode = code;
        foreach (var (name, value) in headers ?? [])
            httpContext.Response.Headers[name] = value;
        if (body.Length > 0)
            await httpContext.Response.Body.WriteAsync(body, httpContext.RequestAborted);
    }
}
