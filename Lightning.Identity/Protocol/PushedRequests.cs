using System.Security.Cryptography;
using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Acting;
using Lightning.Data.Authorizations;
using Lightning.Identity.Clients;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Protocol;

/// <summary>
/// Authorization requests that wait in the database: pushed by a client (RFC 9126), or parked here while a person signs in.
/// Each is good once, and only for its client; a parked one only in the browser that brought it.
/// </summary>
sealed class PushedRequests(LightningDb db, TimeProvider clock)
{
    public static readonly TimeSpan PushedLifetime = TimeSpan.FromSeconds(60);
    static readonly TimeSpan ParkedLifetime = TimeSpan.FromMinutes(30);
    const string Prefix = "urn:ietf:params:oauth:request_uri:";

    /// <summary>Of a <c>traceparent</c>.</summary>
    const int TraceLength = 55;

    /// <summary>Not among the parameters that are kept, for it is none.</summary>
    const string Browser = "browser";

    /// <summary>Kept as a hash, like the hand-over itself.</summary>
    const string Acting = "acting";

    /// <summary>What is kept of a request: whatever else stands in it means nothing here (RFC 6749, 3.1), and anybody can send a lot of it.</summary>
    static readonly string[] Kept =
    [
        "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
        "prompt", "max_age", "login_hint",
    ];

    /// <summary>Keeps a pushed request.</summary>
    /// <returns>Its <c>request_uri</c>.</returns>
    public Task<string> PushAsync(AuthorizationRequest request, CancellationToken cancellationToken) =>
        WriteAsync(request, browser: null, PushedLifetime, cancellationToken);

    /// <summary>Keeps a request while a person signs in or registers.</summary>
    /// <returns>Where this service goes on with it.</returns>
    public async Task<string> ParkAsync(AuthorizationRequest request, string? browser, CancellationToken cancellationToken)
    {
        var requestUri = await WriteAsync(request, browser, ParkedLifetime, cancellationToken);
        return QueryHelpers.AddQueryString(Paths.Authorize, new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["client_id"] = request.Client!.Id,
            ["request_uri"] = requestUri,
        });
    }

    /// <summary>Takes a request up; null where there is none for this client and browser, or it was taken before, or is too old.</summary>
    public async Task<AuthorizationRequest?> TakeAsync(string requestUri, Client client, HttpContext http)
    {
        if (!requestUri.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var (hash, now, clientId) = (Secrets.Hash(requestUri[Prefix.Length..]), clock.GetUtcNow(), client.Id);
        var waiting = db.Authorizations.AsNoTracking().Where(row =>
            row.HandleHash == hash && row.Kind == AuthorizationKind.Request && row.ClientId == clientId && row.UsedAt == null && row.ExpiresAt > now);
        if (await waiting.SingleOrDefaultAsync(http.RequestAborted) is not { } row) return null;
        var values = JsonSerializer.Deserialize<Dictionary<string, string>>(row.Parameters)!;
        if (values.Remove(Browser, out var browser) && FlowCookie.Read(http) is var cookie && (cookie is null || Secrets.Fingerprint(cookie) != browser)) return null;
        if (await waiting.ExecuteUpdateAsync(update => update.SetProperty(row => row.UsedAt, now), http.RequestAborted) == 0) return null;
        var handover = values.Remove(Acting, out var hashed) ? Convert.FromHexString(hashed) : null;
        return new AuthorizationRequest(new Parameters(values), client, row.CreatedAt) { Handover = handover };
    }

    /// <summary>Whether a request that waits here wants the person to have proved only lately who they are (OpenID Connect Core 1.0, 3.1.2.1).</summary>
    /// <param name="address">Where this service goes on with it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> AsksForProofAsync(string? address, CancellationToken cancellationToken)
    {
        if (address?.Split('?', 2) is not [Paths.Authorize, var query]
            || QueryHelpers.ParseQuery(query)["request_uri"].ToString() is not { } requestUri || !requestUri.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        var hash = Secrets.Hash(requestUri[Prefix.Length..]);
        var parameters = await db.Authorizations.Where(row => row.HandleHash == hash && row.Kind == AuthorizationKind.Request).Select(row => row.Parameters).SingleOrDefaultAsync(cancellationToken);
        if (parameters is null) return false;
        var values = JsonSerializer.Deserialize<Dictionary<string, string>>(parameters)!;
        return values.ContainsKey("max_age") || values.GetValueOrDefault("prompt")?.Split(' ').Contains("login", StringComparer.Ordinal) == true;
    }

    /// <summary>
    /// The trace that a request from a browser goes on with: that of the authorization request that it brings, or that waits until a page is done with.
    /// A relying party's push begins it, so that a sign-in is one trace across both.
    /// </summary>
    public static string? TraceOf(HttpRequest request) =>
        request.Path == Paths.Authorize ? TraceIn(request.Query["request_uri"])
        : request.Path.StartsWithSegments(Paths.Account) ? TraceIn(ReturnUrl.Accept(request.Query["returnUrl"]))
        : null;

    static string? TraceIn(string? address) => address is { Length: > TraceLength } && address[^(TraceLength + 1)] == '.' ? address[^TraceLength..] : null;

    async Task<string> WriteAsync(AuthorizationRequest request, string? browser, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        // The trace is part of what is kept the hash of: with another one it is no request.
        var handle = AddressedTraces.Here is { } trace ? $"{Secrets.Create()}.{trace}" : Secrets.Create();
        var parameters = request.Parameters.Values.Where(parameter => Kept.Contains(parameter.Key, StringComparer.Ordinal)).ToDictionary(StringComparer.Ordinal);
        if ((request.Handover ?? (request.Parameters[Acting] is { } code ? Handover.Hash(code) : null)) is { } handover) parameters[Acting] = Convert.ToHexString(handover);
        if (browser is not null) parameters[Browser] = Secrets.Fingerprint(browser);
        db.Authorizations.Add(new Authorization
        {
            HandleHash = Secrets.Hash(handle),
            Kind = AuthorizationKind.Request,
            ClientId = request.Client!.Id,
            Parameters = JsonSerializer.Serialize(parameters),
            CreatedAt = request.StartedAt,
            ExpiresAt = clock.GetUtcNow() + lifetime,
        });
        await db.SaveChangesAsync(cancellationToken);
        return Prefix + handle;
    }
}
