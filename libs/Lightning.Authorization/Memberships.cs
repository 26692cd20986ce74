namespace Lightning.Authorization;

/// <summary>
/// The organizations that an actor belongs to, by role. An owner also counts as an administrator, and an administrator
/// as a member. Compared by value.
/// </summary>
public sealed class Memberships : IEquatable<Memberships>
{
    /// <summary>No organization.</summary>
    public static readonly Memberships None = new("");

    Memberships(string text)
    {
        Text = text;
        var lists = text.Split(';');
        Member = Ids(lists, 0);
        Admin = Ids(lists, 1);
        Owner = Ids(lists, 2);
    }

    /// <summary>
    /// Three arrays of ids in Postgres' notation, separated by semicolons: <c>{member};{admin};{owner}</c>. Empty
    /// without an organization.
    /// </summary>
    internal string Text { get; }

    /// <summary>The ids of the organizations that the actor is a member, administrator or owner of.</summary>
    internal Guid[] Member { get; }

    /// <summary>The ids of the organizations that the actor is an administrator or owner of.</summary>
    internal Guid[] Admin { get; }

    /// <summary>The ids of the organizations that the actor is an owner of.</summary>
    internal Guid[] Owner { get; }

    /// <summary>
    /// Parses what the database function <c>memberships_of</c> returns: <c>{member};{admin};{owner}</c>, ids in each.
    /// </summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static Memberships Parse(string? text) => string.IsNullOrEmpty(text) ? None : new(text);

    /// <summary>The memberships and one more.</summary>
    /// <param name="organization">The id of the organization.</param>
    /// <param name="isAdmin">Whether the actor is an administrator of it.</param>
    /// <param name="isOwner">Whether the actor is an owner of it.</param>
    public Memberships With(Guid organization, bool isAdmin, bool isOwner) =>
        new(
            string.Join(
                ';',
                Array([.. Member, organization]),
                Array(isAdmin || isOwner ? [.. Admin, organization] : Admin),
                Array(isOwner ? [.. Owner, organization] : Owner)
            )
        );

    /// <inheritdoc/>
    public bool Equals(Memberships? other) => other is not null && other.Text == Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Memberships);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Text);

    static string Array(IEnumerable<Guid> ids) => $"{{{string.Join(',', ids.Distinct().Order())}}}";

    static Guid[] Ids(string[] lists, int place)
    {
        if (lists.Length <= place)
            return [];
        var list = lists[place].AsSpan().Trim("{}");
        if (list.IsEmpty)
            return [];
        var ids = new Guid[list.Count(',') + 1];
        var next = 0;
        foreach (var range in list.Split(','))
            ids[next++] = Guid.Parse(list[range]);
        return ids;
    }
}
