using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Authorizations;
using Lightning.Data.Impersonation;
using Lightning.Identity.Clients;
using Lightning.Identity.Secrets;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Requests;

/// <summary>
/// Authorization requests stored in the database: pushed by a client (RFC 9126), or suspended while the user signs in.
/// Each can be used once, by its client only; a suspended one only in its browser.
/// </summary>
sealed class PendingRequests(LightningDb db, TimeProvider clock)
{
    public static readonly TimeSpan PushedLifetime = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long the user has to sign in, from the first request on. Shorter than a relying party of Lightning keeps the
    /// cookies of a begun sign-in, so that the response never arrives too late there.
    /// </summary>
    public static readonly TimeSpan SuspendedLifetime = TimeSpan.FromMinutes(55);
    const string Prefix = "urn:ietf:params:oauth:request_uri:";

    /// <summary>The length of a W3C <c>traceparent</c>.</summary>
    const int TraceLength = 55;

    /// <summary>The key of the browser's fingerprint. It is stored with the parameters but is not one.</summary>
    const string Browser = "browser";

    /// <summary>The key of the impersonation code, of which only the hash is stored.</summary>
    const string ImpersonationParameter = "acting";

    /// <summary>Unknown parameters are ignored (RFC 6749, 3.1) and not stored, because anyone can send many.</summary>
    static readonly string[] StoredParameters =
    [
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "login_hint",
    ];

    /// <summary>Stores a pushed request.</summary>
    /// <returns>The <c>request_uri</c>.</returns>
    public Task<string> PushAsync(AuthorizationRequest request, CancellationToken cancellationToken) =>
        SaveAsync(request, browser: null, clock.GetUtcNow() + PushedLifetime, cancellationToken);

    /// <summary>Stores a request while the user signs in or registers.</summary>
    /// <returns>The URL that resumes the request.</returns>
    public async Task<string> SuspendAsync(
        AuthorizationRequest request,
        string? browser,
        CancellationToken cancellationToken
    )
    {
        var requestUri = await SaveAsync(request, browser, request.StartedAt + SuspendedLifetime, cancellationToken);
        return QueryHelpers.AddQueryString(
            Paths.Authorize,
            new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["client_id"] = request.Client!.Id,
                ["request_uri"] = requestUri,
            }
        );
    }

    /// <summary>
    /// Returns the request and marks it as used; null if it does not exist for this client and browser, has expired, or
    /// was used before.
    /// </summary>
    public Task<AuthorizationRequest?> ConsumeAsync(string requestUri, Client client, HttpContext http) =>
        ReadAsync(requestUri, client, http, consume: true);

    /// <summary>Returns a request that <see cref="ConsumeAsync"/> would return, without using it.</summary>
    public Task<AuthorizationRequest?> FindAsync(string requestUri, Client client, HttpContext http) =>
        ReadAsync(requestUri, client, http, consume: false);

    async Task<AuthorizationRequest?> ReadAsync(string requestUri, Client client, HttpContext http, bool consume)
    {
        if (!requestUri.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        var (hash, now, clientId) = (Secret.Hash(requestUri[Prefix.Length..]), clock.GetUtcNow(), client.Id);
        var waiting = db
            .AuthorizationHandles.AsNoTracking()
            .Where(row =>
                row.HandleHash == hash
                && row.Kind == AuthorizationKind.Request
                && row.ClientId == clientId
                && row.UsedAt == null
                && row.ExpiresAt > now
            );
        if (await waiting.SingleOrDefaultAsync(http.RequestAborted) is not { } row)
            return null;
        var values = JsonSerializer.Deserialize<Dictionary<string, string>>(row.Parameters)!;
        if (
            values.Remove(Browser, out var browser)
            && FlowCookie.Read(http) is var cookie
            && (cookie is null || Secret.Fingerprint(cookie) != browser)
        )
            return null;
        if (
            consume
            && await waiting.ExecuteUpdateAsync(
                update => update.SetProperty(row => row.UsedAt, now),
                http.RequestAborted
            ) == 0
        )
            return null;
        var ticket = values.Remove(ImpersonationParameter, out var hashed) ? Convert.FromHexString(hashed) : null;
        return new AuthorizationRequest(new Parameters(values), client, row.CreatedAt)
        {
            ImpersonationTicketHash = ticket,
        };
    }

    /// <summary>
    /// The client id and the <c>request_uri</c> in the URL that resumes a request; null if it is another URL.
    /// </summary>
    public static (string ClientId, string RequestUri)? Parse(string? url) =>
        url?.Split('?', 2) is [Paths.Authorize, var query]
        && QueryHelpers.ParseQuery(query) is var parameters
        && parameters["client_id"] is [{ } clientId]
        && parameters["request_uri"] is [{ } requestUri]
        && requestUri.StartsWith(Prefix, StringComparison.Ordinal)
            ? (clientId, requestUri)
            : null;

    /// <summary>
    /// Whether a suspended request has <c>prompt=login</c> or <c>max_age</c> (OpenID Connect Core 1.0, 3.1.2.1).
    /// </summary>
    /// <param name="url">The URL that resumes the request.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<bool> RequiresReauthenticationAsync(string? url, CancellationToken cancellationToken)
    {
        if (Parse(url) is not var (_, requestUri))
            return false;
        var hash = Secret.Hash(requestUri[Prefix.Length..]);
        var parameters = await db
            .AuthorizationHandles.Where(row => row.HandleHash == hash && row.Kind == AuthorizationKind.Request)
            .Select(row => row.Parameters)
            .SingleOrDefaultAsync(cancellationToken);
        if (parameters is null)
            return false;
        var values = JsonSerializer.Deserialize<Dictionary<string, string>>(parameters)!;
        return values.ContainsKey("max_age")
            || values.GetValueOrDefault("prompt")?.Split(' ').Contains("login", StringComparer.Ordinal) == true;
    }

    /// <summary>
    /// The trace that a browser request continues: the one stored with the authorization request, so that a sign-in is
    /// one trace from the relying party's push to the callback.
    /// </summary>
    public static string? TraceOf(HttpRequest request) =>
        request.Path == Paths.Authorize ? TraceIn(request.Query["request_uri"])
        : request.Path.StartsWithSegments(Paths.Account) ? TraceIn(ReturnUrl.Accept(request.Query["returnUrl"]))
        : null;

    static string? TraceIn(string? address) =>
        address is { Length: > TraceLength } && address[^(TraceLength + 1)] == '.' ? address[^TraceLength..] : null;

    async Task<string> SaveAsync(
        AuthorizationRequest request,
        string? browser,
        DateTimeOffset expiresAt,
        CancellationToken cancellationToken
    )
    {
        // The trace is part of the hashed handle, so a changed trace does not match a request.
        var handle = TraceContinuation.Current is { } trace ? $"{Secret.Create()}.{trace}" : Secret.Create();
        var parameters = request
            .Parameters.Values.Where(parameter => StoredParameters.Contains(parameter.Key, StringComparer.Ordinal))
            .ToDictionary(StringComparer.Ordinal);
        if (
            (
                request.ImpersonationTicketHash
                ?? (request.Parameters[ImpersonationParameter] is { } code ? ImpersonationTicket.Hash(code) : null)
            ) is
            { } ticket
        )
            parameters[ImpersonationParameter] = Convert.ToHexString(ticket);
        if (browser is not null)
            parameters[Browser] = Secret.Fingerprint(browser);
        db.AuthorizationHandles.Add(
            new AuthorizationHandle
            {
                HandleHash = Secret.Hash(handle),
                Kind = AuthorizationKind.Request,
                ClientId = request.Client!.Id,
                Parameters = JsonSerializer.Serialize(parameters),
                CreatedAt = request.StartedAt,
                ExpiresAt = expiresAt,
            }
        );
        await db.SaveChangesAsync(cancellationToken);
        return Prefix + handle;
    }
}
