using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Outbox;
using Lightning.Identity.Accounts;
using Lightning.Identity.Acting;
using Lightning.Identity.Audit;
using Lightning.Identity.BackChannel;
using Lightning.Identity.Clients;
using Lightning.Identity.Grants;
using Lightning.Identity.Mail;
using Lightning.Identity.Passwords;
using Lightning.Identity.Protocol;
using Lightning.Identity.Retention;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Lightning.Identity.Upstream;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Lightning.Sessions;
using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace Lightning.Identity;

/// <summary>What this service consists of.</summary>
static class IdentityService
{
    /// <summary>Options, checked before the first request.</summary>
    public static void AddProviderOptions(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<IValidateOptions<ProviderOptions>, ProviderOptionsValidation>();
        services.AddSingleton<IValidateOptions<ProviderOptions>, UpstreamOptionsValidation>();
        services.AddSingleton<IValidateOptions<MailOptions>, MailOptionsValidation>();
        services.AddOptions<ProviderOptions>().BindConfiguration("Identity").ValidateAnnotations();
        services.AddOptions<MailOptions>().BindConfiguration("Smtp").ValidateOnStart();
        services.AddOptions<SessionsOptions>().BindConfiguration("Sessions").ValidateAnnotations();
        services.AddOptions<RefreshTokenOptions>().BindConfiguration("Sessions").ValidateAnnotations();
        services.AddOptions<SigningKeyOptions>().BindConfiguration("Identity:SigningKeys").ValidateAnnotations();
        services.AddOptions<RetentionOptions>().BindConfiguration("Identity:Retention").ValidateAnnotations();
    }

    /// <summary>The OpenID provider.</summary>
    public static void AddProvider(this IServiceCollection services)
    {
        services.AddSingleton<ClientRegistry>();
        services.AddSingleton<SigningKeys>();
        services.AddSingleton<TokenFactory>();
        services.AddSingleton<ClientAuthentication>();
        services.AddSingleton<ConnectLimits>();
        services.AddScoped<ClientGrants>();
        services.AddScoped<LiveTokens>();
        services.AddScoped<PushedRequests>();
        services.ContinueTraces(request => PushedRequests.TraceOf(request) ?? UpstreamTrace.Of(request));
        services.AddScoped<Codes>();
        services.AddScoped<ActingStart>();
        services.AddScoped<RefreshTokens>();
        services.AddScoped<ITokenGrant, AuthorizationCodeGrant>();
        services.AddScoped<ITokenGrant, RefreshTokenGrant>();
        services.AddScoped<ITokenGrant, ClientCredentialsGrant>();
        services.AddScoped<ITokenGrant, TokenExchangeGrant>();
        services.AddScoped<Nonces>();
        services.AddHttpContextAccessor();
        services.AddScoped<UpstreamTokens>();
        services.AddCrossOrigin();
    }

    /// <summary>Sessions at this provider, and their cookie.</summary>
    public static void AddSessions(this IServiceCollection services)
    {
        services.AddSingleton<ProviderMetrics>();
        services.AddHostedService(provider => provider.GetRequiredService<ProviderMetrics>());
        services.AddScoped<LiveSessions>();
        services.AddScoped<BrowserSessions>();
        services.AddSingleton<KnownDevices>();
        services.AddSessionCookie();
    }

    /// <summary>Accounts and their passwords.</summary>
    public static void AddAccounts(this IServiceCollection services)
    {
        // What a password must be says PasswordPolicy alone; names are addresses, and any address will do.
        services.AddIdentityCore<Account>(identity => (identity.User.AllowedUserNameCharacters, identity.User.RequireUniqueEmail) = ("", true))
            .AddEntityFrameworkStores<LightningDb>();
        services.Configure<PasswordHasherOptions>(hasher => hasher.IterationCount = PasswordHashing.Iterations);
        services.AddSingleton<IPasswordHasher<Account>, PasswordHasher<Account>>();
        services.AddSingleton<ILookupNormalizer, UpperInvariantLookupNormalizer>();
        services.AddSingleton<PasswordHashing>();
        services.AddSingleton<AccountLimits>();
        services.AddHttpContextAccessor();
        services.AddExceptionHandler<HashingBusy>();
        services.AddScoped<LinkRequests>();
        services.AddScoped<AuditBook>();
        services.AddScoped<SignInFailures>();
        services.AddScoped<Registration>();
        services.AddScoped<PasswordChoice>();
        services.AddScoped<PasswordSignIn>();
        services.AddSingleton<SecondFactorRule>();
        services.AddScoped<SecondFactor>();
        services.AddScoped<SignInSteps>();
        services.AddScoped<AccountBook>();
        services.AddScoped<AccountChanges>();
        services.AddScoped<AddressChange>();
        services.AddScoped<AccountRemoval>();
        services.AddScoped<Passkeys>();
        services.AddScoped<IPasskeyHandler<Account>, PasskeyHandler<Account>>();
        services.AddOptions<IdentityPasskeyOptions>().Configure<IOptions<ProviderOptions>>(Passkeys.Configure);
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<ProviderOptions>>((limiter, options) => AccountLimits.LimitForms(limiter, options.Value));
    }

    /// <summary>Upstream OpenID providers: one authentication scheme each.</summary>
    public static void AddUpstream(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<UpstreamProviders>();
        services.AddScoped<UpstreamEvents>();
        services.AddScoped<UpstreamAccounts>();
        services.AddScoped<AddressProofs>();
        services.AddSingleton<IConfigureOptions<OpenIdConnectOptions>, UpstreamConnection>();
        var authentication = services.AddAuthentication();
        UpstreamTicket.AddUpstreamTicket(authentication);
        foreach (var upstream in builder.Configuration.GetSection("Identity:Upstream").GetChildren())
            authentication.AddCodeFlow(UpstreamProvider.SchemeOf(upstream.Key));
    }

    /// <summary>What is done without being asked: relying parties are told of the end of sessions, and what has ended goes.</summary>
    public static void AddBackgroundWork(this IServiceCollection services)
    {
        services.AddHttpClient(LogoutSender.HttpClientName, client => client.Timeout = LogoutSender.Timeout)
            // A token goes where configuration says, and nowhere that an answer says.
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        services.AddSingleton<OutboxQueue>().AddHostedService<LogoutSender>();
        services.AddHostedService<Sweeper>();
        services.AddHostedService<RequestedResets>();
    }

    /// <summary>Mail by the outbox.</summary>
    public static void AddMail(this IServiceCollection services)
    {
        services.AddSingleton<Outbox>();
        services.AddSingleton<MailDelivery>();
        services.AddHostedService<MailSender>();
    }

    /// <summary>The account pages, and faults as pages.</summary>
    public static void AddPages(this IServiceCollection services)
    {
        // First of all writers, so that it is asked before the one of problem details.
        services.Insert(0, ServiceDescriptor.Singleton<IProblemDetailsWriter, FaultPages>());
        services.AddRazorPages(pages => pages.Conventions.ConfigureFilter(new NoStore())).AddViewOptions(views => views.HtmlHelperOptions.ClientValidationEnabled = false);
        services.AddSingleton<Seal>();
        services.AddRouting(routing => routing.LowercaseUrls = true);
        services.AddAntiforgery(antiforgery => antiforgery.Cookie = new AntiforgeryCookie("__Host-lightning-id-af"));
        services.AddOptions<ContentSecurityPolicy>().Configure<ClientRegistry>((policy, clients) =>
        {
            policy["script-src"] = policy["connect-src"] = "'self'";
            policy["style-src"] = "'self'";
            policy["form-action"] = string.Join(' ', clients.Origins.Prepend("'self'"));
        });
    }

    public static void MapProvider(this IEndpointRouteBuilder routes)
    {
        // Anybody may ask; each endpoint's checks say who is answered. No form of ours leads here, and no client's has our antiforgery token.
        var provider = routes.MapGroup("").AllowAnonymous().DisableAntiforgery();
        provider.MapPushedRequests();
        provider.MapIntrospection();

        var browsers = provider.MapGroup("").AddEndpointFilter(ConnectLimits.BeforeBrowsersAsync);
        browsers.MapAuthorize();
        browsers.MapEndSession();

        var callable = provider.MapGroup("").RequireCors(CrossOrigin.PublicClients);
        callable.MapDiscovery();
        callable.MapToken();
        callable.MapNonce();
        callable.MapRevocation();
        callable.MapUserInfo();
    }
}
