namespace Lightning.Admin.Pages;

/// <summary>A page on the way to the one that is shown.</summary>
/// <param name="Title">What it is called.</param>
/// <param name="Address">Where it is; null for the page that is shown, which comes last.</param>
public sealed record Crumb(string Title, string? Address = null);
