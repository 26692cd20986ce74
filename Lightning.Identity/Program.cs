using Lightning.Data;
using Lightning.Identity;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Model;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddLightningData("identity");
builder.AddProviderOptions();
builder.Services.AddProvider();
builder.Services.AddSessions();
builder.Services.AddAccounts();
builder.AddUpstream();
builder.Services.AddMail();
builder.Services.AddBackgroundWork();
builder.Services.AddPages();

var app = builder.Build();
app.UseServiceDefaults();
app.UseHttpsOnly();
app.UseCors();
app.UseRateLimiter();
app.UseAuthentication();
app.UseAuthorization();

app.MapProvider();
app.MapRazorPages().AllowAnonymous();
app.MapSiteFiles();
app.MapGet("/.well-known/change-password", () => TypedResults.Redirect(Paths.ChangePassword)).AllowAnonymous();
app.RequireAuthorizationMetadata();

// After that check, because in Development the framework adds an endpoint without a policy here.
app.MapStaticAssets().AllowAnonymous();

app.Run();
