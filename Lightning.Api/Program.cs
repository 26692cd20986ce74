using Lightning.Api;
using Lightning.Api.Docs;
using Lightning.Api.Notes;
using Lightning.Data;
using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Gate;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddLightningData("api");
builder.AddSessionGate();
builder.Services.AddCrossOrigin();
builder.Services.AddStrictJson();
builder.Services.AddApiDocument();
builder.Services.AddDocsPage();

var app = builder.Build();
app.UseServiceDefaults();
app.UseDocsPage();
app.UseCors();
app.UseAuthentication();
app.UseAuthorization();

app.MapOpenApi().AllowAnonymous();
app.MapNotes();

app.RequireTranslatableRules();
app.RequireStatedPolicies();
app.Run();
