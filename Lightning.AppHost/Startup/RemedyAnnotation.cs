namespace Lightning.AppHost.Startup;

/// <summary>Tells the developer how to fix the resource if it fails to start.</summary>
sealed record RemedyAnnotation(string Remedy) : IResourceAnnotation;
