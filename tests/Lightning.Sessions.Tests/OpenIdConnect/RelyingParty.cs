using Lightning.Sessions.Cookies.RelyingParties;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Sessions.OpenIdConnect;

/// <summary>The smallest application that signs in with the OpenID Connect handler and Lightning's checks.</summary>
sealed class RelyingParty : IAsyncDisposable
{
    readonly WebApplication _app;

    RelyingParty(WebApplication app) => _app = app;

    public static async Task<RelyingParty> StartAsync(
        FakeProvider provider,
        Action<OpenIdConnectOptions>? configure = null
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseTestServer();
        var authentication = builder
            .Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
            .AddCookie();
        authentication.AddCodeFlow(
            OpenIdConnectDefaults.AuthenticationScheme,
            options =>
            {
                options.Authority = provider.Issuer;
                options.RequireHttpsMetadata = false;
                options.ClientId = FakeProvider.ClientId;
                options.ClientSecret = FakeProvider.ClientSecret;
                options.ResponseType = "code";
                options.ResponseMode = "query";
                options.MapInboundClaims = false;
                options.SaveTokens = true;
                options.TokenValidationParameters.ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256];
                options.Events = new Events();
                configure?.Invoke(options);
            }
        );
        var app = builder.Build();
        app.UseAuthentication();
        app.MapGet(
            "/login",
            () => Results.Challenge(new() { RedirectUri = "/me" }, [OpenIdConnectDefaults.AuthenticationScheme])
        );
        app.MapGet(
            "/logout",
            () =>
                Results.SignOut(
                    new() { RedirectUri = "/bye" },
                    [CookieAuthenticationDefaults.AuthenticationScheme, OpenIdConnectDefaults.AuthenticationScheme]
                )
        );
        app.MapGet(
            "/me",
            async (HttpContext context) =>
                context.User.FindFirst("sub") is { } sub
                    ? Results.Text($"{sub.Value} {await context.GetTokenAsync("access_token")}")
                    : Results.Text("anonymous")
        );
        await app.StartAsync();
        return new RelyingParty(app);
    }

    public Browser NewBrowser() => new(_app.GetTestServer().CreateHandler(), new Uri("https://app.test"));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    sealed class Events : CodeFlowEvents
    {
        public override Task RemoteFailure(RemoteFailureContext context)
        {
            context.HandleResponse();
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return context.Response.WriteAsync(context.Failure?.Message ?? "no reason");
        }
    }
}
