using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Idempotency;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;

namespace Lightning.Api.Idempotency;

/// <summary>That an endpoint takes an <c>Idempotency-Key</c>.</summary>
sealed record TakesIdempotencyKey;

/// <summary>
/// The same request under the same key is done once, whatever the retries and whichever replica they reach, and answered the same each time. Key, work and answer
/// are one transaction: who comes second waits in the database for who came first. What was refused was not done, and keeps no key.
/// </summary>
static class IdempotentRequests
{
    public const string Header = "Idempotency-Key";
    static readonly string[] KeptHeaders = [HeaderNames.ContentType, HeaderNames.ETag, HeaderNames.Location];

    /// <summary>Keeps the bodies of requests with a key at hand, because they are part of what the key stands for. Before endpoints run.</summary>
    public static void UseIdempotencyKeys(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.Request.Headers.ContainsKey(Header)) context.Request.EnableBuffering(bufferThreshold: 1024 * 1024);
        return next(context);
    });

    /// <summary>Makes a POST take an <c>Idempotency-Key</c>. State the required rule first: it is asked at every attempt.</summary>
    public static RouteHandlerBuilder Idempotent(this RouteHandlerBuilder endpoint) => endpoint
        .WithMetadata(new TakesIdempotencyKey()).AddEndpointFilter(AnswerAsync).ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    static async ValueTask<object?> AnswerAsync(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        var http = call.HttpContext;
        var given = http.Request.Headers[Header];
        if (given.Count == 0) return await next(call);
        if (given.Count > 1 || given[0] is not { Length: > 0 and <= KeyedRequest.KeyLength } key || key.Any(letter => letter is <= ' ' or > '~'))
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { [Header] = [$"One key of 1 to {KeyedRequest.KeyLength} visible ASCII characters."] });

        var services = http.RequestServices;
        var (db, actor, clock) = (services.GetRequiredService<LightningDb>(), services.GetRequiredService<Actor>(), services.GetRequiredService<TimeProvider>());
        var hash = await HashAsync(http.Request);
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(http.RequestAborted);
        // Waits for whoever is at it under this key; then finds their row, or none where nothing was done.
        var isFirst = await db.Database.ExecuteSqlAsync($"""
            INSERT INTO app.keyed_requests AS kept (user_id, key, request_hash, status, headers, body, expires_at)
            VALUES ({actor.UserId}, {key}, {hash}, 0, {"{}"}::jsonb, ''::bytea, {now + KeyedRequest.Lifetime})
            ON CONFLICT (user_id, key) DO UPDATE SET request_hash = excluded.request_hash, status = 0, expires_at = excluded.expires_at
                WHERE kept.expires_at <= {now}
            """, http.RequestAborted) == 1;
        var kept = await db.KeyedRequests.SingleAsync(request => request.UserId == actor.UserId && request.Key == key, http.RequestAborted);
        if (!isFirst)
            return CryptographicOperations.FixedTimeEquals(kept.RequestHash, hash) ? KeptAnswer.Of(kept)
                : Problem.KeyOfAnotherRequest.Answer("This key stands for another request. Take a new key for a new request.");

        var body = await WriteAsync(http, await next(call));
        if (http.Response.StatusCode is >= 200 and < 300)
        {
            (kept.Status, kept.Body) = (http.Response.StatusCode, body);
            kept.Headers = JsonSerializer.Serialize(KeptHeaders.Where(http.Response.Headers.ContainsKey).ToDictionary(name => name, name => http.Response.Headers[name].ToString()));
            await db.SaveChangesAsync(CancellationToken.None);
            await transaction.CommitAsync(CancellationToken.None);
        }
        return new KeptAnswer(null, null, body);
    }

    static async Task<byte[]> HashAsync(HttpRequest request)
    {
        request.Body.Position = 0;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n"));
        hash.AppendData(await SHA256.HashDataAsync(request.Body, request.HttpContext.RequestAborted));
        return hash.GetHashAndReset();
    }

    /// <summary>Lets a result write its answer, and holds it back until it is committed.</summary>
    static async Task<byte[]> WriteAsync(HttpContext http, object? result)
    {
        var wire = http.Response.Body;
        using var held = new MemoryStream();
        http.Response.Body = held;
        try
        {
            await ((IResult)result!).ExecuteAsync(http);
            return held.ToArray();
        }
        finally
        {
            http.Response.Body = wire;
        }
    }
}

/// <summary>An answer that was given before, or was held back.</summary>
sealed class KeptAnswer(int? status, Dictionary<string, string>? headers, byte[] body) : IResult
{
    public static KeptAnswer Of(KeyedRequest kept) => new(kept.Status, JsonSerializer.Deserialize<Dictionary<string, string>>(kept.Headers)!, kept.Body);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        if (status is { } known) httpContext.Response.StatusCode = known;
        foreach (var (name, value) in headers ?? []) httpContext.Response.Headers[name] = value;
        if (body.Length > 0) await httpContext.Response.Body.WriteAsync(body, httpContext.RequestAborted);
    }
}
