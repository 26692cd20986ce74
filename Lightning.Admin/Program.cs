using Lightning.Admin;
using Lightning.Admin.Acting;
using Lightning.Admin.Dashboard;
using Lightning.Admin.Exports;
using Lightning.Admin.Forms;
using Lightning.Admin.Registrations;
using Lightning.Data;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Lightning.Sessions.BackChannel;
using Lightning.Sessions.RelyingParties;
using Microsoft.Extensions.Options;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddLightningData("admin");
builder.AddRelyingParty(RelyingParty.Admin);
builder.Services.AddAdministratorsOnly();
builder.Services.AddAdminOptions();
builder.Services.AddRegistrations();
builder.Services.AddActing();
builder.Services.AddExports();
builder.Services.AddSingleton<RecentFigures>();
builder.Services.AddRazorPages();
// The form that signs out leads on to the provider, and browsers hold a form's redirects against the policy too.
builder.Services.AddOptions<ContentSecurityPolicy>().Configure<IOptions<RelyingPartyOptions>>((policy, provider) =>
    policy["form-action"] += $" {new Uri(provider.Value.Authority).GetLeftPart(UriPartial.Authority)}");
builder.Services.AddAntiforgery(options => options.Cookie = new AntiforgeryCookie("__Host-lightning-admin-af"));

var app = builder.Build();
app.UseServiceDefaults();
// Inside the defaults, so that a person gets a page and a script still gets a problem.
app.UseStatusCodePagesWithReExecute("/status/{0}");
app.UseRelyingParty();

app.MapStaticAssets().AllowAnonymous();
app.MapSignIn();
app.MapBackChannelLogout();
app.MapExports();
app.MapPickers();
app.MapRazorPages();

app.RequireTranslatableRules();
app.RequireSoundRegistrations();
app.Run();
