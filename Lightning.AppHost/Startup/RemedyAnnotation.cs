using Aspire.Hosting.ApplicationModel;

namespace Lightning.AppHost.Startup;

/// <summary>What to do when a resource fails.</summary>
sealed record RemedyAnnotation(string Remedy) : IResourceAnnotation;
