using Lightning.Bff;
using Lightning.Bff.Proxy;
using Lightning.Data;
using Lightning.ServiceDefaults;
using Lightning.Sessions.BackChannel;
using Lightning.Sessions.RelyingParties;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddLightningData("bff");
builder.AddRelyingParty(RelyingParty.Bff, session => session.Slides = SessionApi.CountsAsUse);
builder.AddActing();
builder.AddApiProxy();
builder.AddFrontEnd();

var app = builder.Build();
app.UseServiceDefaults();
app.UseFrontEndFiles();

// Before sessions are looked up: a forged request costs nothing and changes nothing.
app.UseCsrfDefence();
app.UseRelyingParty();

app.MapSignIn();
app.MapBackChannelLogout();
app.MapSession();
app.MapSessionWatch();
app.MapActing();
app.MapDevices();
app.MapApiProxy();
app.MapFrontEnd();

app.RequireStatedPolicies();
app.Run();
