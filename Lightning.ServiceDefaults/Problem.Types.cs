namespace Lightning.ServiceDefaults;

// One file holds all static fields: the order in which those of several files are initialized is undefined.
public sealed partial class Problem
{
    static readonly Dictionary<string, Problem> BySlug = new(StringComparer.Ordinal);
    static readonly Dictionary<int, Problem> ByStatus = [];

    /// <summary>400: the request is malformed or its values are invalid.</summary>
    public static readonly Problem BadRequest = OfStatus(
        400,
        "bad-request",
        "Invalid request",
        "The URL, a parameter or the body is not in the expected format. `errors`, if present, lists what is wrong "
            + "with each field. Correct the request; the same request will fail again."
    );

    /// <summary>401: the request has no valid session or token.</summary>
    public static readonly Problem Unauthenticated = OfStatus(
        401,
        "unauthenticated",
        "Authentication required",
        "The request has no session or access token, or one that has expired or been revoked. Sign in, then try "
            + "again."
    );

    /// <summary>403: the caller lacks the required role or scope.</summary>
    public static readonly Problem Forbidden = OfStatus(
        403,
        "forbidden",
        "Forbidden",
        "Your account is not allowed to do this, or the access token lacks the required scope. Retrying does not "
            + "help."
    );

    /// <summary>404: the resource does not exist, or the caller may not see it.</summary>
    public static readonly Problem NotFound = OfStatus(
        404,
        "not-found",
        "Not found",
        "There is no resource at this URL, or you do not have access to it."
    );

    /// <summary>405: the resource does not support this method.</summary>
    public static readonly Problem MethodNotAllowed = OfStatus(
        405,
        "method-not-allowed",
        "Method not allowed",
        "The resource does not support this HTTP method. The Allow header of the response lists the methods that "
            + "it does."
    );

    /// <summary>409: the request conflicts with the current state of the resource.</summary>
    public static readonly Problem Conflict = OfStatus(
        409,
        "conflict",
        "Conflict",
        "The request conflicts with the current state of the resource. Get the current state, then decide what to "
            + "do."
    );

    /// <summary>413: the body exceeds the size limit.</summary>
    public static readonly Problem PayloadTooLarge = OfStatus(
        413,
        "payload-too-large",
        "Request body too large",
        "The request body exceeds the limit of one megabyte. Send less data, or split it over several requests."
    );

    /// <summary>415: the body's media type or charset is not supported.</summary>
    public static readonly Problem UnsupportedMediaType = OfStatus(
        415,
        "unsupported-media-type",
        "Unsupported media type",
        "The Content-Type is not supported, or specifies a charset other than UTF-8. The API accepts "
            + "application/json."
    );

    /// <summary>429: a rate limit was exceeded.</summary>
    public static readonly Problem TooManyRequests = OfStatus(
        429,
        "too-many-requests",
        "Too many requests",
        "A session, an IP address or an account exceeded its rate limit; `detail` says which. The request was not "
            + "processed. Wait for the number of seconds in the Retry-After header, then retry at a lower rate."
    );

    /// <summary>500: an unexpected error in the service.</summary>
    public static readonly Problem InternalError = OfStatus(
        500,
        "internal-error",
        "Internal server error",
        "The service ran into an unexpected error. The request may have been processed in part: check the state "
            + "before you retry. When you report the error, include the `traceId`."
    );

    /// <summary>502: the upstream service returned no valid response.</summary>
    public static readonly Problem BadGateway = OfStatus(
        502,
        "bad-gateway",
        "Bad gateway",
        "The request was forwarded to a service that did not respond. It may have been processed: retry it with "
            + "the same Idempotency-Key, or check the state first."
    );

    /// <summary>503: the service or its database is temporarily unavailable.</summary>
    public static readonly Problem Unavailable = OfStatus(
        503,
        "unavailable",
        "Service unavailable",
        "The database or a part of the service is temporarily unavailable. Nothing was changed, and sessions stay "
            + "valid. Wait for the number of seconds in the Retry-After header, then retry."
    );

    /// <summary>504: the upstream service did not respond in time.</summary>
    public static readonly Problem GatewayTimeout = OfStatus(
        504,
        "gateway-timeout",
        "Gateway timeout",
        "The request was forwarded to a service that did not respond in time. It may have been processed: retry it "
            + "with the same Idempotency-Key, or check the state first."
    );

    /// <summary>403: no policy rule allows the operation on this object.</summary>
    public static readonly Problem NotAllowed = new(
        403,
        "not-allowed",
        "Permission denied",
        "You can see this object but are not allowed to do this to it. `detail` says which rule would have allowed "
            + "it, and `reason` says the same as a code, such as `not-owner-or-editor`. Ask the owner for access. The "
            + "`can` property of an object lists what you are allowed to do."
    );

    /// <summary>412: the version in If-Match is not the current one.</summary>
    public static readonly Problem VersionConflict = new(
        412,
        "changed-meanwhile",
        "Version conflict",
        "The version in If-Match is not the current one: the object was changed after you read it. Nothing was "
            + "written. Get the current version, decide what to keep, and retry with its ETag."
    );

    /// <summary>428: the request has no If-Match header.</summary>
    public static readonly Problem PreconditionRequired = new(
        428,
        "precondition-required",
        "If-Match required",
        "Updates and deletions require the version that they replace, so that no change is overwritten by accident "
            + "(RFC 6585, 3). Send the ETag from your last read as If-Match."
    );

    /// <summary>422: the idempotency key was used for a different request.</summary>
    public static readonly Problem IdempotencyKeyReused = new(
        422,
        "key-of-another-request",
        "Idempotency key already used",
        "The Idempotency-Key was used in the last 24 hours for a request with a different URL or body. Use a new "
            + "key for each new request, and the same key only to retry the same request."
    );

    /// <summary>409: the note is already shared with the address.</summary>
    public static readonly Problem AlreadyShared = new(
        409,
        "shared-already",
        "Already shared",
        "The note is already shared with this email address. To change the permission, update the existing share."
    );

    /// <summary>409: the note has the maximum number of shares.</summary>
    public static readonly Problem TooManyShares = new(
        409,
        "too-many-shares",
        "Too many shares",
        "The note has the maximum number of shares. Remove one first."
    );

    /// <summary>409: another organization has the slug.</summary>
    public static readonly Problem SlugTaken = new(
        409,
        "slug-taken",
        "Address taken",
        "Another organization has this slug. Choose another one."
    );

    /// <summary>409: the organization would have no owner.</summary>
    public static readonly Problem LastOwner = new(
        409,
        "last-owner",
        "Last owner",
        "An organization must have an owner. Make another member an owner first, or delete the organization."
    );

    /// <summary>409: a member has the invited address.</summary>
    public static readonly Problem AlreadyMember = new(
        409,
        "already-member",
        "Already a member",
        "A member of the organization has this email address."
    );

    /// <summary>409: the address is invited already.</summary>
    public static readonly Problem AlreadyInvited = new(
        409,
        "already-invited",
        "Already invited",
        "There is an open invitation for this email address. Send it again, or revoke it first."
    );

    /// <summary>409: the invitation was sent a moment ago.</summary>
    public static readonly Problem SentRecently = new(
        409,
        "sent-recently",
        "Sent recently",
        "The invitation was sent less than a minute ago. Wait a minute before you send it again."
    );

    /// <summary>409: the organization has the maximum number of invitations.</summary>
    public static readonly Problem TooManyInvitations = new(
        409,
        "too-many-invitations",
        "Too many invitations",
        "The organization has the maximum number of open invitations. Revoke one first."
    );

    /// <summary>403: the CSRF check failed.</summary>
    public static readonly Problem CrossSiteRequest = new(
        403,
        "cross-site-request",
        "Cross-site request blocked",
        "Requests that are authenticated by a cookie must come from this site's own pages: with the header "
            + "`X-CSRF: 1`, and not from another origin. `detail` says what was missing."
    );

    /// <summary>403: the last sign-in is too long ago.</summary>
    public static readonly Problem ReauthenticationRequired = new(
        403,
        "reauthentication-required",
        "Sign-in required",
        "To end sessions you must have signed in within the last 15 minutes. Sign in again with "
            + "`/bff/login?prompt=login`, then retry."
    );

    /// <summary>400: the request does not say which sessions to end.</summary>
    public static readonly Problem SessionsNotSpecified = new(
        400,
        "others-not-named",
        "No sessions specified",
        "To end all other sessions, send `others=true`. To end the current session, use `POST /bff/logout`."
    );

    /// <summary>400: the return URL is not local.</summary>
    public static readonly Problem ReturnUrlNotLocal = new(
        400,
        "return-url-not-local",
        "Invalid return URL",
        "`returnUrl` must be a path of this application that starts with a single slash, such as `/notes`."
    );

    /// <summary>400: unknown value of <c>prompt</c>.</summary>
    public static readonly Problem UnknownPrompt = new(
        400,
        "unknown-prompt",
        "Invalid prompt",
        "`prompt` must be `login` (sign in again), `create` (create an account) or omitted."
    );

    /// <summary>400: the request was made over plain HTTP.</summary>
    public static readonly Problem HttpsRequired = new(
        400,
        "https-required",
        "HTTPS required",
        "This application is served over HTTPS only. Behind a proxy that terminates TLS, the operator must list "
            + "the proxy in `Network:TrustedProxies`."
    );

    /// <summary>503: the OpenID provider is unavailable.</summary>
    public static readonly Problem ProviderUnavailable = new(
        503,
        "provider-unavailable",
        "The sign-in service does not answer",
        "Existing sessions stay valid, and nothing was changed. Try again in a few seconds."
    );

    /// <summary>403: the provider's response is valid, but the sign-in is not accepted.</summary>
    public static readonly Problem SignInRefused = new(
        403,
        "sign-in-refused",
        "Sign-in refused",
        "The sign-in service responded, but this application did not accept the sign-in: the session there has "
            + "ended, or the account is disabled. Try to sign in again."
    );

    /// <summary>403: the provider returned <c>access_denied</c>.</summary>
    public static readonly Problem AccessDenied = new(
        403,
        "access-denied",
        "Access denied",
        "The sign-in was cancelled, or the sign-in service denied it. Nothing was changed."
    );

    /// <summary>403: the impersonation could not be started.</summary>
    public static readonly Problem ImpersonationRefused = new(
        403,
        "acting-refused",
        "Impersonation refused",
        "The link was already used, has expired, was created in another browser, or impersonating this account is "
            + "no longer allowed. Start again on the account's page of the admin site."
    );

    /// <summary>400: the impersonation code is missing.</summary>
    public static readonly Problem ImpersonationCodeMissing = new(
        400,
        "acting-code-missing",
        "Impersonation code missing",
        "An impersonation starts on the account's page of the admin site, which creates the code. Start there."
    );

    /// <summary>403: the operation is not available during impersonation.</summary>
    public static readonly Problem Impersonating = new(
        403,
        "acting",
        "Not available during impersonation",
        "While you impersonate a user you can work with their data, but not with their devices, their account or "
            + "their data export. Stop the impersonation first."
    );

    /// <summary>400: the provider's response does not match a sign-in of this browser.</summary>
    public static readonly Problem SignInFailed = new(
        400,
        "sign-in-failed",
        "Sign-in failed",
        "The response of the sign-in service does not match a sign-in that was started in this browser, or it came "
            + "too late. Sign in again, and make sure that cookies are allowed."
    );

    static Problem OfStatus(int status, string slug, string title, string help) =>
        ByStatus[status] = new(status, slug, title, help);
}
