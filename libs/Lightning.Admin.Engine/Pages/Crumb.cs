namespace Lightning.Admin.Engine.Pages;

/// <summary>An entry of the breadcrumb.</summary>
/// <param name="Title">The page's title.</param>
/// <param name="Address">The page's URL; null for the current page, which comes last.</param>
public sealed record Crumb(string Title, string? Address = null);
