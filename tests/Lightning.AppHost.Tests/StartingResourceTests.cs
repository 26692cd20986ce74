using System.Collections.Immutable;
using Aspire.Hosting.ApplicationModel;
using Lightning.AppHost.Startup;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;

namespace Lightning.AppHost.Tests;

/// <summary>When a start is given up for a resource, with a clock that the test moves.</summary>
public sealed class StartingResourceTests
{
    readonly FakeTimeProvider clock = new();
    readonly ExecutableResource server = new("server", "server", "/");

    [Fact]
    public void Unhealthy_server_fails_after_two_minutes_with_its_health_check_result()
    {
        var starting = new StartingResource(server, isJob: false, clock);
        starting.Update(News(KnownResourceStates.Running, HealthStatus.Unhealthy, "The database cannot be reached."));

        clock.Advance(TimeSpan.FromSeconds(119));
        var early = starting.Failure;
        clock.Advance(TimeSpan.FromSeconds(2));

        early.ShouldBeNull();
        starting.Failure.ShouldBe("is not healthy after 2 minutes (The database cannot be reached.)");
    }

    [Fact]
    public void Container_without_an_engine_fails_at_once()
    {
        var starting = new StartingResource(server, isJob: false, clock);

        starting.Update(News(KnownResourceStates.RuntimeUnhealthy));

        starting.Failure.ShouldBe("needs a container engine (Docker or Podman), and none answers");
    }

    [Fact]
    public void Server_that_waits_for_another_has_no_deadline()
    {
        var starting = new StartingResource(server, isJob: false, clock);
        starting.Update(News(KnownResourceStates.Waiting));

        clock.Advance(TimeSpan.FromHours(1));

        starting.Failure.ShouldBeNull();
    }

    [Fact]
    public void Server_that_is_healthy_is_ready_and_has_no_deadline()
    {
        var starting = new StartingResource(server, isJob: false, clock);
        var told = starting.Update(News(KnownResourceStates.Running, HealthStatus.Healthy));

        clock.Advance(TimeSpan.FromHours(1));

        told.ShouldBe("healthy");
        starting.IsReady.ShouldBeTrue();
        starting.Failure.ShouldBeNull();
    }

    [Fact]
    public void Server_that_ends_fails_and_a_job_that_ends_well_does_not()
    {
        var service = new StartingResource(server, isJob: false, clock);
        var job = new StartingResource(server, isJob: true, clock);

        service.Update(News(KnownResourceStates.Finished, exitCode: 0));
        job.Update(News(KnownResourceStates.Finished, exitCode: 0));

        service.Failure.ShouldBe("ended");
        job.Failure.ShouldBeNull();
        job.IsReady.ShouldBeTrue();
    }

    [Fact]
    public void Job_has_ten_minutes_and_fails_by_its_exit_code()
    {
        var slow = new StartingResource(server, isJob: true, clock);
        var failed = new StartingResource(server, isJob: true, clock);
        slow.Update(News(KnownResourceStates.Running));
        failed.Update(News(KnownResourceStates.Finished, exitCode: 3));

        clock.Advance(TimeSpan.FromMinutes(9));
        var early = slow.Failure;
        clock.Advance(TimeSpan.FromMinutes(2));

        early.ShouldBeNull();
        slow.Failure.ShouldStartWith("is not healthy after 10 minutes");
        failed.Failure.ShouldBe("ended with exit code 3");
    }

    ResourceEvent News(string state, HealthStatus? health = null, string? description = null, int? exitCode = null)
    {
        var snapshot = new CustomResourceSnapshot
        {
            ResourceType = "Executable",
            Properties = [],
            State = state,
            ExitCode = exitCode,
        };
        ImmutableArray<HealthReportSnapshot> reports = health is null
            ? []
            : [new HealthReportSnapshot("check", health, description, null)];
        // Only Aspire itself may set it.
        typeof(CustomResourceSnapshot).GetProperty(nameof(snapshot.HealthReports))!.SetValue(snapshot, reports);
        return new(server, "server-1", snapshot);
    }
}
