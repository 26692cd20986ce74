using System.Net;
using Lightning.Sessions.Cookies.RelyingParties;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Sessions.OpenIdConnect;

public class BranchTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/callback", "True")]
    [InlineData("/other", "False")]
    public async Task Authentication_InABranch_RunsForItsRequestsOnly(string path, string isAuthenticated)
    {
        await using var app = await StartAsync(app => app.UseBranch(OfCallback, branch => branch.UseAuthentication()));

        (await app.GetTestClient().GetStringAsync(path, Cancellation)).ShouldBe(isAuthenticated);
    }

    [Fact]
    public async Task Authentication_WithUseWhenAlone_RunsForEveryRequest()
    {
        await using var app = await StartAsync(app => app.UseWhen(OfCallback, branch => branch.UseAuthentication()));

        (await app.GetTestClient().GetStringAsync("/other", Cancellation)).ShouldBe("True");
    }

    [Fact]
    public async Task Authorization_BranchExcludesAnEndpoint_FailsClosed()
    {
        await using var app = await StartAsync(app => app.UseBranch(OfCallback, branch => branch.UseAuthorization()));

        using var client = app.GetTestClient();
        using var free = await client.GetAsync("/other", Cancellation);
        using var restricted = await client.GetAsync("/restricted", Cancellation);

        free.StatusCode.ShouldBe(HttpStatusCode.OK);
        restricted.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
    }

    static bool OfCallback(HttpContext context) => context.Request.Path == "/callback";

    static async Task<WebApplication> StartAsync(Action<WebApplication> use)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
        builder.Services.AddAuthorization();
        var app = builder.Build();
        app.UseExceptionHandler(failure => failure.Run(_ => Task.CompletedTask));
        use(app);
        app.MapGet(
            "/{path}",
            (HttpContext context) => (context.Features.Get<IAuthenticationFeature>() is not null).ToString()
        );
        app.MapGet("/restricted", () => "").RequireAuthorization();
        await app.StartAsync(Cancellation);
        return app;
    }
}
