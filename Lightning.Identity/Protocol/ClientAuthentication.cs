using System.Text;
using Lightning.Identity.Clients;

namespace Lightning.Identity.Protocol;

/// <summary>A client that has proved itself, and what it posted.</summary>
sealed record Caller(Client Client, Parameters Parameters);

/// <summary>Who calls an endpoint made for clients: RFC 6749, 2.3; OpenID Connect Core 1.0, 9.</summary>
sealed class ClientAuthentication(ClientRegistry clients, ConnectLimits limits)
{
    static readonly Check<Attempt>[] Checks =
    [
        FormIsPosted,
        ParametersStandOnce,
        HeaderIsReadable,
        OneMethodOnly,
        ClientIsKnown,
        IdsAgree,
        SecretIsTheClients,
    ];

    // RFC 6749, 3.2: posted as a form; what stands in the query does not count.
    static ProtocolError? FormIsPosted(Attempt attempt) =>
        attempt.Form is null ? ProtocolError.InvalidRequest("Post the parameters as application/x-www-form-urlencoded.") : null;

    // RFC 6749, 3.2.
    static ProtocolError? ParametersStandOnce(Attempt attempt) => attempt.Form!.Fault;

    // RFC 7617, 2.
    static ProtocolError? HeaderIsReadable(Attempt attempt) =>
        attempt.HasHeader && attempt.Header is null ? ProtocolError.InvalidClient("The Authorization header is no readable Basic header.") : null;

    // RFC 6749, 2.3: not more than one method in a request.
    static ProtocolError? OneMethodOnly(Attempt attempt) =>
        attempt.HasHeader && attempt.Form!["client_secret"] is not null ? ProtocolError.InvalidRequest("Send the client's secret in one place only.") : null;

    // RFC 6749, 5.2.
    static ProtocolError? ClientIsKnown(Attempt attempt) => attempt.Client is null ? ProtocolError.InvalidClient("The client is not known, or its secret is wrong.") : null;

    // RFC 6749, 3.2.1.
    static ProtocolError? IdsAgree(Attempt attempt) =>
        attempt.HasHeader && attempt.Form!["client_id"] is { } id && id != attempt.Client!.Id
            ? ProtocolError.InvalidRequest("client_id and the Authorization header name different clients.") : null;

    // RFC 6749, 2.3.1. A public client has no secret, and is not believed to have one.
    static ProtocolError? SecretIsTheClients(Attempt attempt) => (attempt.Client!.IsPublic, attempt.Secret) switch
    {
        (true, null) => null,
        (false, { } secret) when attempt.Client.Knows(secret) => null,
        _ => ProtocolError.InvalidClient("The client is not known, or its secret is wrong."),
    };

    /// <summary>The calling client, or why it is not believed or has to wait.</summary>
    public async Task<(Caller? Caller, ProtocolError? Fault)> AuthenticateAsync(HttpContext http)
    {
        var form = await Parameters.OfFormAsync(http.Request);
        var header = http.Request.Headers.Authorization.ToString();
        var basic = Decode(header);
        var attempt = new Attempt(form, header.Length > 0, basic, clients.Find(header.Length > 0 ? basic?.Id : form?["client_id"]));
        var fault = Checks.FirstFault(attempt);
        var mayCall = fault is null && !attempt.Client!.IsPublic ? limits.MayCall(http, attempt.Client) : limits.MayCall(http);
        if (!mayCall) return (null, ProtocolError.TooManyRequests);
        return fault is not null ? (null, fault) : (new Caller(attempt.Client!, form!), null);
    }

    static Credentials? Decode(string header)
    {
        const string scheme = "Basic ";
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return null;
        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[scheme.Length..].Trim(), bytes, out var length)) return null;
        // RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
        return Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) is [var id, var secret] ? new Credentials(FormDecode(id), FormDecode(secret)) : null;
    }

    static string FormDecode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    sealed record Credentials(string Id, string Secret);

    sealed record Attempt(Parameters? Form, bool HasHeader, Credentials? Header, Client? Client)
    {
        public string? Secret => HasHeader ? Header?.Secret : Form?["client_secret"];
    }
}
