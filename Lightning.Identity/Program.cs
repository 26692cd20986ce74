using Lightning.Data;
using Lightning.Identity;
using Lightning.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddLightningData("identity");
builder.AddProviderOptions();
builder.Services.AddProvider();
builder.Services.AddSessions();
builder.Services.AddAccounts();
builder.Services.AddMail();
builder.Services.AddBackgroundWork();
builder.Services.AddPages();

var app = builder.Build();
app.UseServiceDefaults();
app.UseRouting();
app.UseRateLimiter();
app.UseAuthentication();
app.UseAuthorization();

app.MapProvider();
app.MapRazorPages().AllowAnonymous();
app.RequireStatedPolicies();
// After that check: in Development the framework adds an endpoint here that states nothing.
app.MapStaticAssets().AllowAnonymous();

app.Run();
