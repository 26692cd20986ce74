using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Lightning.AppHost.Tests;

/// <summary>The small AppHost's own entry point, run by a test.</summary>
public sealed class EntryPointTests
{
    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Application_OfAnAppHost_RunsWiredAndStartsAgainAfterACrash()
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.SmallAppHost>(Cancelled);
        builder.Configuration["DOTNET_ENVIRONMENT"].ShouldBe("Development");
        await using var app = await builder.BuildAsync(Cancelled);
        await app.StartAsync(Cancelled);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("script", Cancelled);

        app.GetEndpoint("service").Port.ShouldNotBe(28102);
        using var service = app.CreateHttpClient("service");
        (await service.GetStringAsync("/environment/FROM_PROFILE", Cancelled)).ShouldBe("yes");
        (await service.GetStringAsync("/environment/ASPNETCORE_ENVIRONMENT", Cancelled)).ShouldBe("Development");
        (await service.GetStringAsync("/environment/OTEL_SERVICE_NAME", Cancelled)).ShouldBe("service");
        (await service.GetStringAsync("/environment/SECRET", Cancelled)).Length.ShouldBe(44);
        (await service.GetStringAsync("/environment/ConnectionStrings__small-database", Cancelled))
            .ShouldBe(await app.GetConnectionStringAsync("things", Cancelled) + ";Application Name=small");

        // npm and Node listen on the name, which may mean either loopback address: the client finds it.
        using var script = app.CreateHttpClient("script");
        var before = await service.GetStringAsync("/process", Cancelled);
        await Eventually(async () => (await script.GetStringAsync("/", Cancelled)).ShouldBe(app.GetEndpoint("service").ToString().TrimEnd('/')));

        await Should.ThrowAsync<HttpRequestException>(() => service.PostAsync("/crash", null, Cancelled));
        await app.ResourceNotifications.WaitForResourceAsync("service", KnownResourceStates.Exited, Cancelled);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("service", Cancelled);
        var after = await service.GetStringAsync("/process", Cancelled);
        int.Parse(after, CultureInfo.InvariantCulture).ShouldNotBe(int.Parse(before, CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Application_ThatIsNotBuilt_LetsItsEntryPointGo()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.SmallAppHost>(["--job", "1"], Cancelled);
        builder.Resources.TryGetByName("service", out _).ShouldBeTrue();
        await builder.DisposeAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => builder.BuildAsync(Cancelled));
    }

    // A process has started before it listens.
    static async Task Eventually(Func<Task> check)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(50, Cancelled))
        {
            try
            {
                await check();
                return;
            }
            catch (HttpRequestException) when (clock.Elapsed < TimeSpan.FromSeconds(10))
            {
                // Not yet.
            }
        }
    }
}
