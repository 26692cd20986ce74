using Lightning.Admin;
using Lightning.Admin.Dashboard;
using Lightning.Admin.Engine;
using Lightning.Admin.Impersonation;
using Lightning.Data;
using Lightning.ServiceDefaults;
using Lightning.Sessions;
using Lightning.Sessions.Cookies.BackChannel;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Cookies.RelyingParties;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.Options;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddLightningData("admin");
builder.AddRelyingParty(RelyingParty.Admin);
builder.Services.AddAdministratorsOnly();
builder.Services.AddAdminPages();
builder.Services.AddImpersonation();
builder.Services.AddSingleton<DashboardCache>();
builder.Services.AddRazorPages(pages => pages.Conventions.ShowStaleFormsAgain());

// Signing out redirects to the provider, and browsers apply form-action to a form's redirects too.
builder
    .Services.AddOptions<ContentSecurityPolicy>()
    .Configure<IOptions<RelyingPartyOptions>>(
        (policy, provider) =>
            policy["form-action"] += $" {new Uri(provider.Value.Authority).GetLeftPart(UriPartial.Authority)}"
    );
builder.Services.AddAntiforgery(options => options.Cookie = new AntiforgeryCookie("__Host-lightning-admin-af"));

var app = builder.Build();
app.UseServiceDefaults();

// Inside the defaults, so that browsers get a page while other clients still get problem details.
app.UseStatusCodePagesWithReExecute("/status/{0}");
app.Use(
    (context, next) =>
    {
        if (!context.Request.PrefersHtml())
            context.Features.Get<IStatusCodePagesFeature>()?.Enabled = false;
        return next(context);
    }
);
app.UseFormLimits();
app.UseRelyingParty();

app.MapStaticAssets().AllowAnonymous();
app.MapSiteFiles();
app.MapSignIn();
app.MapBackChannelLogout();
app.MapAdminEngine();
app.MapRazorPages();

app.RequireTranslatableRules();
app.RequireValidRegistrations();
app.Run();
