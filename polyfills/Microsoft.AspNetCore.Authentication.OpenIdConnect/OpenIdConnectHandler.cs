using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Microsoft.AspNetCore.Authentication.OpenIdConnect;

/// <summary>A relying party of an OpenID provider: the authorization code flow with PKCE, and signing out at the provider.</summary>
public partial class OpenIdConnectHandler(
    IOptionsMonitor<OpenIdConnectOptions> options, ILoggerFactory logger, HtmlEncoder htmlEncoder, UrlEncoder encoder)
    : RemoteAuthenticationHandler<OpenIdConnectOptions>(options, logger, encoder), IAuthenticationSignOutHandler
{
    OpenIdConnectConfiguration? _configuration;

    protected HttpClient Backchannel => Options.Backchannel;

    protected HtmlEncoder HtmlEncoder { get; } = htmlEncoder;

    protected new OpenIdConnectEvents Events
    {
        get => (OpenIdConnectEvents)base.Events;
        set => base.Events = value;
    }

    protected override Task<object> CreateEventsAsync() => Task.FromResult<object>(new OpenIdConnectEvents());

    public override Task<bool> HandleRequestAsync()
    {
        if (Options.RemoteSignOutPath.HasValue && Options.RemoteSignOutPath == Request.Path)
            return HandleRemoteSignOutAsync();
        if (Options.SignedOutCallbackPath.HasValue && Options.SignedOutCallbackPath == Request.Path)
            return HandleSignOutCallbackAsync();
        return base.HandleRequestAsync();
    }

    async Task<OpenIdConnectConfiguration> ConfigurationAsync() =>
        _configuration ??= await Options.ConfigurationManager!.GetConfigurationAsync(Context.RequestAborted);

    /// <summary>The protocol message of a GET's query or a POSTed form; none for anything else.</summary>
    async Task<OpenIdConnectMessage?> ReadMessageAsync()
    {
        if (HttpMethods.IsGet(Request.Method))
            return new OpenIdConnectMessage(Request.Query.Select(pair => KeyValuePair.Create(pair.Key, Values(pair.Value))));
        if (HttpMethods.IsPost(Request.Method) && Request.HasFormContentType)
        {
            var form = await Request.ReadFormAsync(Context.RequestAborted);
            return new OpenIdConnectMessage(form.Select(pair => KeyValuePair.Create(pair.Key, Values(pair.Value))));
        }
        return null;

        static string[] Values(Extensions.Primitives.StringValues values) => [.. values.OfType<string>()];
    }

    OpenIdConnectProtocolException Refusal(OpenIdConnectMessage message, HttpResponseMessage? response)
    {
        Log.RefusedByProvider(Logger, message.Error ?? "none", (int?)response?.StatusCode ?? 0);
        var refusal = new OpenIdConnectProtocolException(
            $"Message contains error: '{message.Error}', error_description: '{message.ErrorDescription}', error_uri: '{message.ErrorUri}'"
            + (response is null ? "." : $", status code '{(int)response.StatusCode}'."));
        refusal.Data["error"] = message.Error;
        refusal.Data["error_description"] = message.ErrorDescription;
        refusal.Data["error_uri"] = message.ErrorUri;
        return refusal;
    }

    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Sending the browser to the provider's authorization endpoint; the request was pushed: {Pushed}")]
        public static partial void Challenged(ILogger logger, bool pushed);

        [LoggerMessage(2, LogLevel.Warning, "The provider answered with the error '{Error}' (status {Status})")]
        public static partial void RefusedByProvider(ILogger logger, string error, int status);

        [LoggerMessage(3, LogLevel.Error, "An authorization response was refused")]
        public static partial void ResponseRefused(ILogger logger, Exception exception);

        [LoggerMessage(4, LogLevel.Information, "A front-channel sign-out was ignored: its '{Parameter}' does not fit the session")]
        public static partial void RemoteSignOutIgnored(ILogger logger, string parameter);

        [LoggerMessage(5, LogLevel.Debug, "User information was not asked for: {Reason}")]
        public static partial void NoUserInformation(ILogger logger, string reason);
    }
}
