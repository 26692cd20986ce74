using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Something that a person may do to a resource.</summary>
public sealed class ResourceCommandAnnotation(
    string name, string displayName, Func<UpdateCommandStateContext, ResourceCommandState> updateState,
    Func<ExecuteCommandContext, Task<ExecuteCommandResult>> executeCommand, string? displayDescription, object? parameter,
    string? confirmationMessage, string? iconName, IconVariant? iconVariant, bool isHighlighted) : IResourceAnnotation
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>What it is called.</summary>
    public string DisplayName { get; } = displayName;

    /// <summary>Whether it may be done now.</summary>
    public Func<UpdateCommandStateContext, ResourceCommandState> UpdateState { get; } = updateState;

    /// <summary>Does it.</summary>
    public Func<ExecuteCommandContext, Task<ExecuteCommandResult>> ExecuteCommand { get; } = executeCommand;

    /// <summary>What it does.</summary>
    public string? DisplayDescription { get; } = displayDescription;

    /// <summary>What it is given.</summary>
    public object? Parameter { get; } = parameter;

    /// <summary>What is asked before it is done.</summary>
    public string? ConfirmationMessage { get; } = confirmationMessage;

    /// <summary>The name of its icon.</summary>
    public string? IconName { get; } = iconName;

    /// <summary>How its icon is drawn.</summary>
    public IconVariant? IconVariant { get; } = iconVariant;

    /// <summary>Whether it stands in the list of resources, not only with the resource.</summary>
    public bool IsHighlighted { get; } = isHighlighted;
}

/// <summary>Whether a command may be given.</summary>
public enum ResourceCommandState
{
    /// <summary>Yes.</summary>
    Enabled = 0,

    /// <summary>Not now.</summary>
    Disabled = 1,

    /// <summary>It would make no sense.</summary>
    Hidden = 2
}

/// <summary>How an icon is drawn.</summary>
public enum IconVariant
{
    /// <summary>By its outline.</summary>
    Regular = 0,

    /// <summary>Filled.</summary>
    Filled = 1
}

/// <summary>What the state of a command depends on.</summary>
public sealed class UpdateCommandStateContext
{
    /// <summary>How the resource is.</summary>
    public required CustomResourceSnapshot ResourceSnapshot { get; init; }

    /// <summary>The application's services.</summary>
    public required IServiceProvider ServiceProvider { get; init; }
}

/// <summary>What a command works on.</summary>
public sealed class ExecuteCommandContext
{
    /// <summary>The resource's name, or that of one of its processes.</summary>
    public required string ResourceName { get; init; }

    /// <summary>The application's services.</summary>
    public required IServiceProvider ServiceProvider { get; init; }

    /// <summary>The resource's log.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>Ends when nobody waits for the command any more.</summary>
    public required CancellationToken CancellationToken { get; init; }
}

/// <summary>What came of a command.</summary>
public sealed class ExecuteCommandResult
{
    /// <summary>Whether it was done.</summary>
    public required bool Success { get; init; }

    /// <summary>Whether it was given up.</summary>
    public bool Canceled { get; init; }

    /// <summary>What there is to say.</summary>
    public string? Message { get; init; }
}

/// <summary>Makes the results of commands.</summary>
public static class CommandResults
{
    /// <summary>It was done.</summary>
    public static ExecuteCommandResult Success() => new() { Success = true };

    /// <summary>It was done.</summary>
    public static ExecuteCommandResult Success(string message) => new() { Success = true, Message = message };

    /// <summary>It could not be done.</summary>
    public static ExecuteCommandResult Failure(string? errorMessage = null) => new() { Success = false, Message = errorMessage };

    /// <summary>It could not be done.</summary>
    public static ExecuteCommandResult Failure(Exception exception) => Failure(exception.Message);

    /// <summary>It was given up.</summary>
    public static ExecuteCommandResult Canceled() => new() { Success = false, Canceled = true };
}

/// <summary>How a command is shown.</summary>
public class CommandOptions
{
    /// <summary>What it does.</summary>
    public string? Description { get; set; }

    /// <summary>What is asked before it is done.</summary>
    public string? ConfirmationMessage { get; set; }

    /// <summary>The name of its icon.</summary>
    public string? IconName { get; set; }

    /// <summary>How its icon is drawn.</summary>
    public IconVariant? IconVariant { get; set; }

    /// <summary>Whether it stands in the list of resources, not only with the resource.</summary>
    public bool IsHighlighted { get; set; }

    /// <summary>Whether it may be done now; none: always.</summary>
    public Func<UpdateCommandStateContext, ResourceCommandState>? UpdateState { get; set; }
}

/// <summary>How a command that is a request over http is made and shown.</summary>
public class HttpCommandOptions : CommandOptions
{
    /// <summary>The method; none: POST.</summary>
    public HttpMethod? Method { get; set; }

    /// <summary>The endpoint; none: https, else http.</summary>
    public Func<EndpointReference>? EndpointSelector { get; set; }

    /// <summary>The name of the client, as <see cref="IHttpClientFactory"/> knows it.</summary>
    public string? HttpClientName { get; set; }

    /// <summary>Says more in the request before it is sent.</summary>
    public Func<HttpCommandRequestContext, Task>? PrepareRequest { get; set; }

    /// <summary>Makes a result of the response; none: the status code says whether it was done.</summary>
    public Func<HttpCommandResultContext, Task<ExecuteCommandResult>>? GetCommandResult { get; set; }
}

/// <summary>A request that a command is about to send.</summary>
public sealed class HttpCommandRequestContext
{
    /// <summary>The application's services.</summary>
    public required IServiceProvider ServiceProvider { get; init; }

    /// <summary>The resource's name.</summary>
    public required string ResourceName { get; init; }

    /// <summary>Where it goes.</summary>
    public required EndpointReference Endpoint { get; init; }

    /// <summary>Who sends it.</summary>
    public required HttpClient HttpClient { get; init; }

    /// <summary>The request.</summary>
    public required HttpRequestMessage Request { get; init; }

    /// <summary>Ends when nobody waits for the command any more.</summary>
    public required CancellationToken CancellationToken { get; init; }
}

/// <summary>A response that a command has received.</summary>
public sealed class HttpCommandResultContext
{
    /// <summary>The application's services.</summary>
    public required IServiceProvider ServiceProvider { get; init; }

    /// <summary>The resource's name.</summary>
    public required string ResourceName { get; init; }

    /// <summary>Where the request went.</summary>
    public required EndpointReference Endpoint { get; init; }

    /// <summary>Who sent it.</summary>
    public required HttpClient HttpClient { get; init; }

    /// <summary>The response.</summary>
    public required HttpResponseMessage Response { get; init; }

    /// <summary>Ends when nobody waits for the command any more.</summary>
    public required CancellationToken CancellationToken { get; init; }
}

/// <summary>The commands that every process has.</summary>
public static class KnownResourceCommands
{
    /// <summary>Starts it.</summary>
    public static readonly string StartCommand = "start";

    /// <summary>Stops it.</summary>
    public static readonly string StopCommand = "stop";

    /// <summary>Stops it and starts it.</summary>
    public static readonly string RestartCommand = "restart";
}
