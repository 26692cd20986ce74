namespace Lightning.Admin.Pages;

/// <summary>What a page says in place of one that there is not, where there is more to say than its status does.</summary>
/// <param name="Heading">In a few words.</param>
/// <param name="Text">In a sentence or two: what to do.</param>
sealed record StatusText(string Heading, string Text);
