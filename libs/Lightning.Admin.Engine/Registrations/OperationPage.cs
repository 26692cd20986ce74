namespace Lightning.Admin.Engine.Registrations;

/// <summary>A page of the application with an operation on one row and on all rows.</summary>
/// <param name="Page">The Razor page; gets the row's key as the route value <c>id</c>.</param>
/// <param name="RowLabel">The text of the link from a row.</param>
/// <param name="ListLabel">The text of the link from the list.</param>
public sealed record OperationPage(string Page, string RowLabel, string ListLabel);
