using Lightning.Api;
using Lightning.Api.Access;
using Lightning.Api.Docs;
using Lightning.Api.Events;
using Lightning.Api.Idempotency;
using Lightning.Api.Me;
using Lightning.Api.Notes;
using Lightning.Api.Organizations;
using Lightning.Api.Trash;
using Lightning.Api.Users;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Bearer;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddLightningData("api");
builder.AddSessionGate();
builder.Services.AddRowSecurity().AddApiData();
builder.Services.AddSingleton<NoteFeed>().AddHostedService(services => services.GetRequiredService<NoteFeed>());
builder.Services.AddHostedService<RetentionCleanup>().AddTrash().AddOrganizations();
builder.Services.AddApiCors();
builder.Services.AddStrictJson();
builder.Services.AddApiDocument();
builder.Services.AddDocsPage();

var app = builder.Build();
app.UseServiceDefaults();
app.UseCors();
app.UseSessionGate();
app.UseStrictQueries();
app.UseIdempotencyKeys();

app.MapOpenApi().AllowAnonymous();
app.MapDocsPage();
app.MapMe();
app.MapUsers();
app.MapNotes();
app.MapNoteShares();
app.MapTrash();
app.MapNoteEvents();
app.MapOrganizations();
app.MapMembers();
app.MapInvitations();

app.RequireTranslatableRules();
app.RequireAuthorizationMetadata();
app.ValidateRequiredRules();
if (!await app.WriteDocumentAsync())
    app.Run();
