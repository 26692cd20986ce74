namespace Lightning.Admin.Engine.Registrations;

/// <summary>A list of children on a row's page.</summary>
/// <param name="Name">The navigation's name.</param>
/// <param name="Child">The child entity.</param>
/// <param name="IsEdited">Whether the row's form can edit the children.</param>
sealed record InlineChildren(string Name, Type Child, bool IsEdited);
