namespace Aspire.Hosting.Running;

/// <summary>A resource cannot start because another failed, which has been told already.</summary>
sealed class DependencyFailedException(string message) : DistributedApplicationException(message);
