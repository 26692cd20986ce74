using System.Globalization;

namespace Lightning.Api.Tests;

/// <summary>The objects that a request of the matrix can name. Its placeholders are their ids.</summary>
/// <param name="Owner">Owns all of them.</param>
/// <param name="Ids">The ids by placeholder.</param>
sealed record Scene(Person Owner, IReadOnlyDictionary<string, string> Ids)
{
    /// <summary>Creates the objects that a request names, and always a note and a share.</summary>
    /// <param name="api">The API.</param>
    /// <param name="row">The request.</param>
    /// <param name="owner">The owner of everything.</param>
    /// <param name="reader">A user that the note is shared with.</param>
    /// <param name="editor">A user who may edit the note; null for none.</param>
    public static async Task<Scene> BeginAsync(
        ApiUnderTest api,
        MatrixTests.Row row,
        Person owner,
        Person reader,
        Person? editor = null
    )
    {
        var note = await owner.WriteAsync("Matrix secret");
        var ids = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["user"] = owner.User.Id.ToString(),
            ["note"] = note[^36..],
            ["deleted"] = note[^36..],
            ["share"] = (await owner.ShareAsync(note, reader))[^36..],
            ["slug"] = $"matrix-{Guid.NewGuid():N}"[..30],
        };
        if (editor is not null)
            await owner.ShareAsync(note, editor, canEdit: true);
        bool Names(string placeholder) =>
            $"{row.Path}{row.Body}".Contains($"{{{placeholder}}}", StringComparison.Ordinal);
        if (Names("organization") || Names("member") || Names("invitation"))
        {
            var organization = await owner.CreateOrganizationAsync("Matrix secret");
            ids["organization"] = organization;
            ids["member"] = await api.AddMemberAsync(organization, await api.SignInAsync("colleague"), "admin");
            ids["invitation"] = await owner.InviteAsync(organization, $"invited-{Guid.NewGuid():N}@example.com");
            // It can be sent again after a minute only.
            await api.Database.ExecuteAsync(
                $"""
                UPDATE app.invitations SET expires_at = expires_at - interval '1 hour'
                    WHERE id = '{ids["invitation"]}'
                """
            );
        }
        if (Names("received"))
        {
            var inviter = await api.SignInAsync("inviter");
            ids["received"] = await inviter.InviteAsync(
                await inviter.CreateOrganizationAsync("Inviting"),
                owner.User.Email
            );
        }
        if (row.IsOfTrash)
            (await owner.DeleteAsync(note)).EnsureSuccessStatusCode();
        return new(owner, ids);
    }

    /// <summary>The text with ids for placeholders.</summary>
    public string Fill(string text) =>
        Ids.Aggregate(
            text,
            (filled, id) =>
                filled.Replace(
                    string.Create(CultureInfo.InvariantCulture, $"{{{id.Key}}}"),
                    id.Value,
                    StringComparison.Ordinal
                )
        );
}
