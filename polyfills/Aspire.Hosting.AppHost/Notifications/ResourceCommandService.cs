using Aspire.Hosting.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Does what a person asks to be done to a resource.</summary>
public partial class ResourceCommandService
{
    readonly IServiceProvider _services;
    readonly ResourceNotificationService _notifications;
    readonly ResourceLoggerService _logs;

    internal ResourceCommandService(IServiceProvider services)
    {
        _services = services;
        _notifications = services.GetRequiredService<ResourceNotificationService>();
        _logs = services.GetRequiredService<ResourceLoggerService>();
    }

    /// <summary>Gives a command to a resource; to each of its processes when it has more than one.</summary>
    public async Task<ExecuteCommandResult> ExecuteCommandAsync(IResource resource, string commandName, CancellationToken cancellationToken = default)
    {
        var results = await Task.WhenAll(Instance.AllOf(resource).Select(instance => ExecuteAsync(resource, instance.Id, commandName, cancellationToken)));
        return Array.Find(results, result => !result.Success) ?? results[0];
    }

    /// <summary>Gives a command to a resource that has one process, or to one of its processes.</summary>
    public Task<ExecuteCommandResult> ExecuteCommandAsync(string resourceId, string commandName, CancellationToken cancellationToken = default) =>
        _notifications.TryGetCurrentState(resourceId, out var current)
            ? ExecuteAsync(current.Resource, resourceId, commandName, cancellationToken)
            : Task.FromResult(CommandResults.Failure($"There is no resource '{resourceId}'."));

    internal ResourceCommandState StateOf(ResourceCommandAnnotation command, CustomResourceSnapshot snapshot) =>
        command.UpdateState(new() { ResourceSnapshot = snapshot, ServiceProvider = _services });

    async Task<ExecuteCommandResult> ExecuteAsync(IResource resource, string id, string name, CancellationToken cancellationToken)
    {
        var command = resource.Annotations.OfType<ResourceCommandAnnotation>().FirstOrDefault(command => command.Name == name);
        if (command is null) return CommandResults.Failure($"'{id}' has no command '{name}'.");
        if (!_notifications.TryGetCurrentState(id, out var current) || StateOf(command, current.Snapshot) != ResourceCommandState.Enabled)
        {
            return CommandResults.Failure($"'{id}' is {current?.Snapshot.State?.Text ?? "not there yet"}, so '{name}' cannot be done now.");
        }

        var logger = _logs.GetLogger(id);
        try
        {
            var result = await command.ExecuteCommand(new()
            {
                ResourceName = id,
                ServiceProvider = _services,
                Logger = logger,
                CancellationToken = cancellationToken
            });
            if (result.Message is { } message) Said(logger, result.Success ? LogLevel.Information : LogLevel.Error, message);
            return result;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return CommandResults.Canceled();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The command is the application's own code, whatever it throws; who gave it is told, on the resource's console.
            Said(logger, LogLevel.Error, $"'{name}' failed: {e.Message}");
            return CommandResults.Failure(e);
        }
    }
    [LoggerMessage(Message = "{Words}")]
    private static partial void Said(ILogger logger, LogLevel level, string words);
}
