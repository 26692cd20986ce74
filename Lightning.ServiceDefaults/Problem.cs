using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.ServiceDefaults;

/// <summary>
/// A kind of problem (RFC 9457, 3.1.1): its <c>type</c> is the address of a page that explains it, at every service. What is not listed here has no page, and so
/// cannot be answered.
/// </summary>
public sealed class Problem
{
    static readonly Dictionary<string, Problem> BySlug = new(StringComparer.Ordinal);
    static readonly Dictionary<int, Problem> ByStatus = [];

    /// <summary>400: the request cannot be read, or says what cannot be.</summary>
    public static readonly Problem BadRequest = OfStatus(400, "bad-request", "The request cannot be read",
        "The address, a parameter or the body is not of the form that is asked for. Where `errors` is there, it names each field with what is wrong about it. Correct the request; the same one will be refused again.");

    /// <summary>401: nobody is signed in.</summary>
    public static readonly Problem Unauthenticated = OfStatus(401, "unauthenticated", "Nobody is signed in",
        "The request bears no session or token, or one that has ended: by signing out, by its age, or because somebody ended it. Sign in, then try again.");

    /// <summary>403: known, and not allowed, by no rule of the product's.</summary>
    public static readonly Problem Forbidden = OfStatus(403, "forbidden", "Not allowed",
        "Whoever is signed in may not do this, or the token was given for something else: it lacks the scope that is asked for. Trying again does not help.");

    /// <summary>404: not there, or not to be seen.</summary>
    public static readonly Problem NotFound = OfStatus(404, "not-found", "Not found",
        "There is nothing at this address, or nothing that you may see: what belongs to others is answered like what does not exist.");

    /// <summary>405: the address is right, and the method is not.</summary>
    public static readonly Problem MethodNotAllowed = OfStatus(405, "method-not-allowed", "Not by this method",
        "There is something at this address, and it does not take this method. The answer's Allow header names those that it takes.");

    /// <summary>409: something stands against it.</summary>
    public static readonly Problem Conflict = OfStatus(409, "conflict", "Something stands against it",
        "The request would be right if things stood otherwise. Read how they stand, then decide.");

    /// <summary>413: too long.</summary>
    public static readonly Problem PayloadTooLarge = OfStatus(413, "payload-too-large", "The body is too large",
        "A body may be one megabyte long at most. Send less, or send it in parts.");

    /// <summary>415: another kind of body is asked for.</summary>
    public static readonly Problem UnsupportedMediaType = OfStatus(415, "unsupported-media-type", "Another kind of body is asked for",
        "The Content-Type is not one that is taken here, or names a character set other than UTF-8. The API takes application/json.");

    /// <summary>429: too often.</summary>
    public static readonly Problem TooManyRequests = OfStatus(429, "too-many-requests", "Too many requests",
        "A session, an address or an account has asked more often than the service takes; which of them, `detail` says. Nothing was done. Wait as long as the Retry-After header says, then try again, and more slowly.");

    /// <summary>500: our fault.</summary>
    public static readonly Problem InternalError = OfStatus(500, "internal-error", "A fault of ours",
        "The service met a fault that it did not foresee. What was asked for may not have been done: read before you try again. Who runs the service finds what happened by the `traceId`.");

    /// <summary>502: who was asked in turn gave no answer.</summary>
    public static readonly Problem BadGateway = OfStatus(502, "bad-gateway", "A service behind this one does not answer",
        "The request was passed on and no answer came. It may have been carried out all the same: repeat it with its Idempotency-Key, or read before you try again.");

    /// <summary>503: not now.</summary>
    public static readonly Problem Unavailable = OfStatus(503, "unavailable", "Busy, or being restarted",
        "The database or a part of the service is away for a moment. Nothing was changed, and sessions stay what they are. Wait as long as the Retry-After header says, then try again.");

    /// <summary>504: who was asked in turn took too long.</summary>
    public static readonly Problem GatewayTimeout = OfStatus(504, "gateway-timeout", "A service behind this one is too slow",
        "The request was passed on and no answer came in time. It may have been carried out all the same: repeat it with its Idempotency-Key, or read before you try again.");

    /// <summary>403: no rule allows it.</summary>
    public static readonly Problem NotAllowed = new(403, "not-allowed", "Not allowed",
        "You may see this, and may not do to it what you asked for. `detail` says which rule would have allowed it, and `reason` says the same as a code, such as `not-owner-or-editor`. Ask its owner. What you may do to an object stands beside it, as `can`.");

    /// <summary>412: somebody else's write came first.</summary>
    public static readonly Problem ChangedMeanwhile = new(412, "changed-meanwhile", "Changed meanwhile",
        "The version in If-Match is not the present one: somebody else, or you elsewhere, has changed it since you read it. Nothing was written. Read it again, decide what to keep, and send the version that you have read now.");

    /// <summary>428: a write has to say what it replaces.</summary>
    public static readonly Problem PreconditionRequired = new(428, "precondition-required", "Which version does this replace?",
        "A write says which version it replaces, so that nothing is overwritten unseen (RFC 6585, 3). Send If-Match with the ETag that came with what you read.");

    /// <summary>422: an idempotency key is taken.</summary>
    public static readonly Problem KeyOfAnotherRequest = new(422, "key-of-another-request", "Another request has this key",
        "The Idempotency-Key was used in the last 24 hours for a request with another address or body. Take a new key for a new request, and the same one only to repeat the same request.");

    /// <summary>409: a note is shared with the address already.</summary>
    public static readonly Problem SharedAlready = new(409, "shared-already", "Shared already",
        "The note is shared with this address. To change whether they may edit it, change that share.");

    /// <summary>409: a note has as many shares as it may have.</summary>
    public static readonly Problem TooManyShares = new(409, "too-many-shares", "Too many shares",
        "The note is shared with as many addresses as a note can be. Take one back first.");

    /// <summary>403: a forged request, as it seems.</summary>
    public static readonly Problem CrossSiteRequest = new(403, "cross-site-request", "Not from this site",
        "A request that a cookie goes along with has to come from this site's own pages: with the header `X-CSRF: 1`, and not from another origin. `detail` says what was missing.");

    /// <summary>403: a person has to prove again who they are.</summary>
    public static readonly Problem ReauthenticationRequired = new(403, "reauthentication-required", "Prove again who you are",
        "Ending sessions takes a sign-in of the last 15 minutes. Sign in by `/bff/login?prompt=login`, then try once more.");

    /// <summary>400: which sessions?</summary>
    public static readonly Problem OthersNotNamed = new(400, "others-not-named", "Say which sessions",
        "Several sessions are ended at once by `others=true`, which spares this one. This one is ended by `POST /bff/logout`.");

    /// <summary>400: a return address that leads elsewhere.</summary>
    public static readonly Problem ReturnUrlNotLocal = new(400, "return-url-not-local", "returnUrl leads elsewhere",
        "After signing in the browser is sent to a path of this application only: one slash and then the rest, such as `/notes`.");

    /// <summary>400: a prompt that nobody knows.</summary>
    public static readonly Problem UnknownPrompt = new(400, "unknown-prompt", "prompt is unknown",
        "`prompt` is `login`, to prove again who one is, or `create`, to make an account; or it is left out.");

    /// <summary>400: plain http.</summary>
    public static readonly Problem HttpsRequired = new(400, "https-required", "Use https",
        "This application is served over https only. Who runs it behind a proxy that ends TLS lists that proxy in `Network:TrustedProxies`.");

    /// <summary>503: the provider is away.</summary>
    public static readonly Problem ProviderUnavailable = new(503, "provider-unavailable", "The sign-in service does not answer",
        "Who is signed in stays so, and nothing was changed. Try again in a few seconds.");

    /// <summary>403: the provider's answer was understood, and is not good enough.</summary>
    public static readonly Problem SignInRefused = new(403, "sign-in-refused", "You are not signed in",
        "The sign-in service answered, and this application does not take the answer: the session there has ended meanwhile, or the account is shut. Try to sign in once more.");

    /// <summary>403: cancelled at the provider.</summary>
    public static readonly Problem AccessDenied = new(403, "access-denied", "You are not signed in",
        "Signing in was cancelled, or refused by the sign-in service. Nothing was changed.");

    /// <summary>403: acting as somebody was refused.</summary>
    public static readonly Problem ActingRefused = new(403, "acting-refused", "You act as nobody",
        "The link was followed before, is too old, was made in another browser, or you or the account may no longer do this. Begin again on the account's page of the admin site.");

    /// <summary>400: acting as somebody begins on the admin site.</summary>
    public static readonly Problem ActingCodeMissing = new(400, "acting-code-missing", "There is no code",
        "Whoever acts as somebody comes here from the account's page of the admin site, with a code that it made. Begin there.");

    /// <summary>403: what stays the person's own.</summary>
    public static readonly Problem Acting = new(403, "acting", "Not while you act as somebody",
        "Who acts as somebody works with that person's data, and does not reach their devices, their account or what they keep. Stop acting as them first.");

    /// <summary>400: an answer that belongs to no sign-in.</summary>
    public static readonly Problem SignInFailed = new(400, "sign-in-failed", "Signing in did not work",
        "The answer of the sign-in service belongs to no sign-in that this browser has begun, or came too late. Begin anew; cookies have to be allowed.");

    Problem(int status, string slug, string title, string help)
    {
        (Status, Slug, Title, Help) = (status, slug, title, help);
        BySlug.Add(slug, this);
    }

    /// <summary>Every kind there is.</summary>
    public static IReadOnlyCollection<Problem> All => BySlug.Values;

    /// <summary>The status that it is answered with.</summary>
    public int Status { get; }

    /// <summary>Its name in addresses.</summary>
    public string Slug { get; }

    /// <summary>What went wrong, in a few words that are the same each time.</summary>
    public string Title { get; }

    /// <summary>What that means, and what to do.</summary>
    public string Help { get; }

    /// <summary>The address of its page.</summary>
    public string Type => $"/problems/{Slug}";

    /// <summary>The kind of a name, or null.</summary>
    public static Problem? Find(string slug) => BySlug.GetValueOrDefault(slug);

    /// <summary>The kind of an answer that says no more than its status.</summary>
    public static Problem Of(int status) => ByStatus.GetValueOrDefault(status) ?? (status >= 500 ? InternalError : BadRequest);

    /// <summary>It as an answer.</summary>
    /// <param name="detail">What it is about this time.</param>
    /// <param name="extensions">Members besides.</param>
    public ProblemHttpResult Answer(string detail, IDictionary<string, object?>? extensions = null) =>
        TypedResults.Problem(detail, statusCode: Status, title: Title, type: Type, extensions: extensions);

    /// <summary>It as details to be written.</summary>
    /// <param name="detail">What it is about this time.</param>
    public ProblemDetails Details(string detail) => new() { Status = Status, Type = Type, Title = Title, Detail = detail };

    /// <summary>It as the answer to a request that no endpoint answers: a middleware's, or a handler's of authentication.</summary>
    /// <param name="context">The request.</param>
    /// <param name="detail">What it is about this time.</param>
    public async Task WriteAsync(HttpContext context, string detail)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.StatusCode = Status;
        context.Response.Headers.CacheControl = "no-store";
        if (Status == StatusCodes.Status503ServiceUnavailable && context.Response.Headers.RetryAfter.Count == 0) context.Response.Headers.RetryAfter = "5";
        await context.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(new ProblemDetailsContext { HttpContext = context, ProblemDetails = Details(detail) });
    }

    static Problem OfStatus(int status, string slug, string title, string help) => ByStatus[status] = new(status, slug, title, help);
}
