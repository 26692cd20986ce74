using System.Threading.Channels;
using Lightning.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Lightning.Identity.Tests;

/// <summary>Identity with a BFF and an admin site that receive logout tokens.</summary>
public sealed class IdentityWithBackChannels(PostgresServer server) : IdentityUnderTest(server)
{
    internal Listener BffListener { get; } = new();

    internal Listener AdminListener { get; } = new();

    protected override IEnumerable<(string Key, string Value)> Settings =>
        [
            ("Identity:Clients:Bff:BackChannelLogoutUri", BffListener.Address),
            ("Identity:Clients:Admin:BackChannelLogoutUri", AdminListener.Address),
        ];

    public override async ValueTask InitializeAsync()
    {
        await BffListener.StartAsync();
        await AdminListener.StartAsync();
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await BffListener.DisposeAsync();
        await AdminListener.DisposeAsync();
    }
}

/// <summary>A relying party's back-channel logout endpoint.</summary>
sealed class Listener : IAsyncDisposable
{
    readonly Channel<string> received = Channel.CreateUnbounded<string>();
    WebApplication? app;

    public string Address => $"{app!.Urls.First()}/backchannel";

    public Func<HttpContext, Task<IResult>> Answers { get; set; } = _ => Task.FromResult(Results.Ok());

    public ChannelReader<string> Received => received.Reader;

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.MapPost(
            "/backchannel",
            async http =>
            {
                var form = await http.Request.ReadFormAsync();
                await received.Writer.WriteAsync(form["logout_token"].ToString());
                await (await Answers(http)).ExecuteAsync(http);
            }
        );
        await app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
            await app.DisposeAsync();
    }
}
