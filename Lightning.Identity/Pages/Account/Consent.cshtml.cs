using Lightning.Identity.Clients;
using Lightning.Identity.Endpoints;
using Lightning.Identity.Requests;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Pages.Account;

/// <summary>Asks the user whether a native app may get tokens for their account (RFC 8252, 8.6).</summary>
sealed class ConsentModel(
    PendingRequests pending,
    ClientConsents consents,
    ClientRegistry clients,
    IOptions<ProviderOptions> options
) : AccountPage
{
    AuthorizationRequest request = null!;

    /// <summary>The session of the browser.</summary>
    public ProviderSession Session { get; private set; } = null!;

    /// <summary>The name of the app.</summary>
    public string ClientName => request.Client!.Title ?? request.Client.Id;

    /// <summary>What the app gets.</summary>
    public IEnumerable<string> Rights => request.Scope.Select(Describe);

    /// <summary>Where the "Cancel" button posts to.</summary>
    public string CancelUrl => QueryHelpers.AddQueryString(WithReturnUrl(Paths.Consent), "handler", "cancel");

    /// <summary>
    /// Where the page continues to by itself; null while it asks. Forms cannot be redirected to an IPv6 address, which
    /// a Content-Security-Policy cannot name.
    /// </summary>
    public string? Destination { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await LoadAsync() is { } result)
            return result;
        return await consents.IsRequiredAsync(request, Session.UserId, cancellationToken) ? Page() : Continue();
    }

    public async Task<IActionResult> OnPostAsync()
    {
        if (await LoadAsync() is { } result)
            return result;
        await consents.AddAsync(request, Session);
        return Leave(ReturnUrl!);
    }

    public async Task<IActionResult> OnPostCancelAsync()
    {
        if (await LoadAsync() is { } result)
            return result;
        // The request is used up, so that it cannot be resumed after the client was told.
        var requestUri = PendingRequests.Parse(ReturnUrl)!.Value.RequestUri;
        if (await pending.ConsumeAsync(requestUri, request.Client!, HttpContext) is null)
            return Expired(request.Client);
        var response = new AuthorizationResponse(request, options.Value.Issuer);
        return Leave(response.Error(ProtocolError.AccessDenied("The user did not agree.")).Location);
    }

    /// <summary>Reads the session and the request; returns a result if one of them is missing.</summary>
    async Task<IActionResult?> LoadAsync()
    {
        if (HttpContext.BrowserSession() is not { } session)
            return new SeeOther(WithReturnUrl(Paths.SignIn));
        if (PendingRequests.Parse(ReturnUrl) is not var (clientId, requestUri))
            return Expired(client: null);
        var client = clients.Find(clientId);
        if (client is null || await pending.FindAsync(requestUri, client, HttpContext) is not { } found)
            return Expired(client);
        (Session, request) = (session, found);
        return null;
    }

    ErrorPageActionResult Expired(Client? client) =>
        new(PageErrors.RequestExpired(client?.Start, HttpContext.BrowserSession() is not null));

    IActionResult Leave(string url)
    {
        if (new Uri(request.RedirectUri!).HostNameType != UriHostNameType.IPv6)
            return new SeeOther(url);
        Destination = url;
        Response.Headers["Refresh"] = $"0;url={url}";
        return Page();
    }

    static string Describe(string scope) =>
        scope switch
        {
            Scopes.OpenId => "the id of your account",
            Scopes.Profile => "your name",
            Scopes.Email => "your email address",
            Scopes.OfflineAccess => "access until you sign out, also while you do not use it",
            Scopes.Lightning => "reading, changing and deleting what you store in Lightning",
            _ => scope,
        };
}
