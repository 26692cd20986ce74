using Lightning.Bff;
using Lightning.Bff.Proxy;
using Lightning.Data;
using Lightning.ServiceDefaults;
using Lightning.Sessions;
using Lightning.Sessions.Cookies.BackChannel;
using Lightning.Sessions.Cookies.RelyingParties;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddLightningData("bff");
builder.AddRelyingParty(RelyingParty.Bff, session => session.Slides = SessionApi.CountsAsUse);
builder.AddImpersonation();
builder.AddApiProxy();
builder.AddFrontEnd();

var app = builder.Build();
app.UseServiceDefaults();
app.UseFrontEndFiles();

// Before sessions are looked up, so that a forged request costs no query.
app.UseCsrfProtection();
app.UseRelyingParty();

app.MapSignIn();
app.MapBackChannelLogout();
app.MapSession();
app.MapSessionWatch();
app.MapImpersonation();
app.MapDevices();
app.MapApiProxy();
app.MapChangePassword();
app.MapFrontEnd();

app.RequireAuthorizationMetadata();
app.Run();
