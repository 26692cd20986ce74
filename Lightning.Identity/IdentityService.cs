using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Accounts;
using Lightning.Identity.Addresses;
using Lightning.Identity.Audit;
using Lightning.Identity.BackChannel;
using Lightning.Identity.Clients;
using Lightning.Identity.Endpoints;
using Lightning.Identity.Factors;
using Lightning.Identity.Grants;
using Lightning.Identity.Impersonation;
using Lightning.Identity.Mail;
using Lightning.Identity.Organizations;
using Lightning.Identity.Passwords;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Requests;
using Lightning.Identity.Retention;
using Lightning.Identity.Secrets;
using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Lightning.Identity.Tokens;
using Lightning.Identity.Upstream;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Lightning.Sessions;
using Lightning.Sessions.Cookies.RelyingParties;
using Lightning.Sessions.Outbox;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace Lightning.Identity;

/// <summary>The parts of this service.</summary>
static class IdentityService
{
    /// <summary>Options, validated before the first request.</summary>
    public static void AddProviderOptions(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<IValidateOptions<ProviderOptions>, ProviderOptionsValidation>();
        services.AddSingleton<IValidateOptions<ProviderOptions>, UpstreamOptionsValidation>();
        services.AddSingleton<IValidateOptions<MailOptions>, MailOptionsValidation>();
        services.AddOptions<ProviderOptions>().BindConfiguration("Identity").ValidateAnnotations();
        services.AddOptions<MailOptions>().BindConfiguration("Smtp").ValidateOnStart();
        services.AddOptions<SessionsOptions>().BindConfiguration("Sessions").ValidateAnnotations();
        services.AddScoped<SessionLimit>();
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
        services.AddSingleton<ProtocolRateLimits>();
        services.AddScoped<ClientGrants>();
        services.AddScoped<ClientConsents>();
        services.AddScoped<ActiveTokens>();
        services.AddScoped<PendingRequests>();
        services.AddSingleton<UpstreamTrace>();
        services.ContinueTraces(request =>
            PendingRequests.TraceOf(request)
            ?? request.HttpContext.RequestServices.GetRequiredService<UpstreamTrace>().Of(request)
        );
        services.AddScoped<AuthorizationCodes>();
        services.AddScoped<ImpersonationStarter>();
        services.AddScoped<RefreshTokens>();
        services.AddScoped<ITokenGrant, AuthorizationCodeGrant>();
        services.AddScoped<ITokenGrant, RefreshTokenGrant>();
        services.AddScoped<ITokenGrant, ClientCredentialsGrant>();
        services.AddScoped<ITokenGrant, TokenExchangeGrant>();
        services.AddScoped<Nonces>();
        services.AddHttpContextAccessor();
        services.AddScoped<UpstreamTokens>();
        services.AddPublicClientCors();
    }

    /// <summary>Sessions and their cookie.</summary>
    public static void AddSessions(this IServiceCollection services)
    {
        services.AddSingleton<ProviderMetrics>();
        services.AddHostedService(provider => provider.GetRequiredService<ProviderMetrics>());
        services.AddScoped<ProviderSessions>();
        services.AddScoped<BrowserSessions>();
        services.AddSingleton<KnownDevices>();
        services.AddProviderSessionCookie();
    }

    /// <summary>Accounts and their passwords.</summary>
    public static void AddAccounts(this IServiceCollection services)
    {
        // PasswordPolicy validates passwords; user names are email addresses, with any characters.
        services
            .AddIdentityCore<Account>(identity =>
            {
                identity.User.AllowedUserNameCharacters = "";
                identity.User.RequireUniqueEmail = true;
            })
            .AddEntityFrameworkStores<LightningDb>();
        services.Configure<PasswordHasherOptions>(hasher => hasher.IterationCount = PasswordHashing.Iterations);
        services.AddSingleton<IPasswordHasher<Account>, PasswordHasher<Account>>();
        services.AddSingleton<ILookupNormalizer, AddressNormalizer>();
        services.AddSingleton<PasswordHashing>();
        services.AddSingleton<AccountRateLimits>();
        services.AddHttpContextAccessor();
        services.AddExceptionHandler<HashingBusyExceptionHandler>();
        services.AddScoped<AccountLinkMailer>();
        services.AddScoped<AuditLog>();
        services.AddScoped<SignInFailureLog>();
        services.AddScoped<AccountRegistration>();
        services.AddScoped<PasswordLinks>();
        services.AddScoped<PasswordSignIn>();
        services.AddSingleton<SecondFactorPolicy>();
        services.AddScoped<SecondFactor>();
        services.AddScoped<SignInFlow>();
        services.AddScoped<AccountEventRecorder>();
        services.AddScoped<AccountChanges>();
        services.AddScoped<NameChange>();
        services.AddScoped<AddressChange>();
        services.AddScoped<AccountRemoval>();
        services.AddScoped<Passkeys>();
        services.AddScoped<IPasskeyHandler<Account>, PasskeyHandler<Account>>();
        services.AddOptions<IdentityPasskeyOptions>().Configure<IOptions<ProviderOptions>>(Passkeys.Configure);
        services.AddRateLimiter(_ => { });
        services
            .AddOptions<RateLimiterOptions>()
            .Configure<IOptions<ProviderOptions>>(
                (limiter, options) => AccountRateLimits.LimitForms(limiter, options.Value)
            );
    }

    /// <summary>Upstream OpenID providers: one authentication scheme each.</summary>
    public static void AddUpstream(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<UpstreamProviders>();
        services.AddScoped<UpstreamEvents>();
        services.AddScoped<UpstreamAccounts>();
        services.AddScoped<UpstreamEmailVerification>();
        services.AddSingleton<IConfigureOptions<OpenIdConnectOptions>, ConfigureUpstreamOptions>();
        var authentication = services.AddAuthentication();
        UpstreamTicket.AddUpstreamTicket(authentication);
        foreach (var upstream in builder.Configuration.GetSection("Identity:Upstream").GetChildren())
            authentication.AddCodeFlow(UpstreamProvider.SchemeOf(upstream.Key));
    }

    /// <summary>
    /// Background services: back-channel logout, deletion of expired rows, and administrators' requests.
    /// </summary>
    public static void AddBackgroundWork(this IServiceCollection services)
    {
        services
            .AddHttpClient(LogoutSender.HttpClientName, client => client.Timeout = LogoutSender.Timeout)
            // Do not follow redirects: a logout token goes to the configured URI only.
            .ConfigurePrimaryHttpMessageHandler(() =>
                new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }
            );
        services.AddSingleton<OutboxQueue>().AddHostedService<LogoutSender>();
        services.AddHostedService<RetentionService>();
        services.AddHostedService<ResetRequestService>();
        services.AddHostedService<InvitationSender>();
    }

    /// <summary>Mail, sent from the outbox.</summary>
    public static void AddMail(this IServiceCollection services)
    {
        services.AddSingleton<MailOutbox>();
        services.AddSingleton<MailDelivery>();
        services.AddHostedService<MailSender>();
    }

    /// <summary>The account pages and the error pages.</summary>
    public static void AddPages(this IServiceCollection services)
    {
        // Before the default writer of problem details.
        services.Insert(0, ServiceDescriptor.Singleton<IProblemDetailsWriter, ErrorPageWriter>());
        services
            .AddRazorPages(pages => pages.Conventions.ShowStaleFormsAgain().ConfigureFilter(new NoStore()))
            .AddViewOptions(views => views.HtmlHelperOptions.ClientValidationEnabled = false);
        services.AddSingleton<StateProtector>();
        services.AddRouting(routing => routing.LowercaseUrls = true);
        services.AddAntiforgery(antiforgery => antiforgery.Cookie = new AntiforgeryCookie("__Host-lightning-id-af"));
        services
            .AddOptions<ContentSecurityPolicy>()
            .Configure<ClientRegistry>(
                (policy, clients) =>
                {
                    policy["script-src"] = policy["connect-src"] = "'self'";
                    policy["style-src"] = "'self'";
                    policy["form-action"] = string.Join(' ', clients.Origins.Prepend("'self'"));
                }
            );
    }

    public static void MapProvider(this IEndpointRouteBuilder routes)
    {
        // Anonymous: each endpoint authenticates clients itself. No antiforgery: clients cannot have a token of ours.
        var provider = routes.MapGroup("").AllowAnonymous().DisableAntiforgery();
        provider.MapPushedRequests();
        provider.MapIntrospection();

        var browsers = provider.MapGroup("").AddEndpointFilter<BrowserRateLimitFilter>();
        browsers.MapAuthorize();
        browsers.MapEndSession();

        var callable = provider.MapGroup("").RequireCors(PublicClientCors.PolicyName);
        callable.MapDiscovery();
        callable.MapToken();
        callable.MapNonce();
        callable.MapRevocation();
        callable.MapUserInfo();
    }
}
