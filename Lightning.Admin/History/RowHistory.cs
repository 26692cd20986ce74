using System.Linq.Expressions;
using System.Text.Json;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;
using Lightning.Data.Audit;
using Lightning.Data.Rules;
using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.History;

/// <summary>Something that was done to a row.</summary>
/// <param name="Id">Its place in the book.</param>
/// <param name="At">When.</param>
/// <param name="What">What was done.</param>
/// <param name="Who">Who did it, by name; null where nobody was signed in.</param>
/// <param name="WhoKey">Who did it, as part of an address.</param>
/// <param name="Session">In which session.</param>
/// <param name="Ip">From which address.</param>
/// <param name="Changes">Which fields, from what to what.</param>
public sealed record Happening(long Id, DateTimeOffset At, string What, string? Who, string? WhoKey, Guid? Session, string? Ip, IReadOnlyList<Change> Changes)
{
    /// <summary>The administrator who acted as them, by name; null where they did it themself.</summary>
    public string? Behind { get; init; }

    /// <summary>The administrator, as part of an address.</summary>
    public string? BehindKey { get; init; }
}

/// <summary>A field that was changed.</summary>
/// <param name="Title">The field.</param>
/// <param name="From">What it was; null where the book does not say.</param>
/// <param name="To">What it became; null where the book does not say.</param>
public sealed record Change(string Title, string? From, string? To);

/// <summary>Reads the book about one row, as far as whoever asks may read the book and the row's fields.</summary>
sealed class RowHistory(AdminRequest request)
{
    /// <summary>The newest entries about a row, before one of them.</summary>
    /// <param name="registration">What the row is.</param>
    /// <param name="subject">Its key, as the book has it.</param>
    /// <param name="before">An entry; null for the newest.</param>
    /// <param name="most">How many.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<Happening>> ReadAsync(Registration registration, string subject, long? before, int most, CancellationToken cancellationToken)
    {
        if (registration.Subject is not { } type || request.Site.Model.FindEntityType(typeof(AuditEntry)) is null || request.Site.FindRules(typeof(AuditEntry)) is not { } rules) return [];
        var entries = request.Db.Set<AuditEntry>().AsNoTracking();
        if (rules.Scope(request.Actor, Verb.Read) is { } scope) entries = entries.Where((Expression<Func<AuditEntry, bool>>)scope);
        entries = entries.Where(entry => entry.SubjectType == type && entry.SubjectId == subject);
        if (before is { } last) entries = entries.Where(entry => entry.Id < last);
        var found = await entries.OrderByDescending(entry => entry.Id).Take(most).ToListAsync(cancellationToken);
        var names = await NamesAsync([.. found.SelectMany(entry => new[] { entry.UserId, entry.ActedBy }).OfType<Guid>().Distinct()], cancellationToken);
        var said = found.ToDictionary(entry => entry.Id, entry => Fields(entry.Details));
        var linked = await LinkedAsync(registration, [.. said.Values.SelectMany(fields => fields)], cancellationToken);
        return [.. found.Select(entry => new Happening(entry.Id, entry.At, What(entry.Action), Name(entry.UserId), Key(entry.UserId), entry.SessionId, entry.Ip, Changes(registration, said[entry.Id], linked))
        {
            Behind = Name(entry.ActedBy),
            BehindKey = Key(entry.ActedBy),
        })];

        string? Name(Guid? id) => id is { } who ? names.GetValueOrDefault(who) ?? who.ToString() : null;

        string? Key(Guid? id) => id is { } who && names.ContainsKey(who) ? RowKey.Write([who]) : null;
    }

    /// <summary>The fields that a line of the book names, with what it says of each.</summary>
    static JsonProperty[] Fields(string? details) => details is not null && JsonElement.Parse(details) is { ValueKind: JsonValueKind.Object } said ? [.. said.EnumerateObject()] : [];

    /// <summary>The names of the rows that lines say a row was linked with or no more, by field and key: a query for each field, and none where there are none.</summary>
    async Task<Dictionary<string, IReadOnlyDictionary<string, string>>> LinkedAsync(Registration registration, JsonProperty[] said, CancellationToken cancellationToken)
    {
        var names = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
        foreach (var links in registration.Table.GetSkipNavigations())
        {
            var field = JsonNamingPolicy.CamelCase.ConvertName(links.Name);
            var keys = said.Where(change => change.NameEquals(field) && change.Value.ValueKind == JsonValueKind.Object).SelectMany(change => change.Value.EnumerateObject())
                .Where(part => part.Value.ValueKind == JsonValueKind.Array).SelectMany(part => part.Value.EnumerateArray()).Select(NamedBy).Distinct().ToList();
            if (keys.Count > 0 && request.Site.Of(links.TargetEntityType.ClrType) is { KeyLength: 1 } target) names[field] = await target.Open(request).NamedAsync(keys, cancellationToken);
        }
        return names;
    }

    /// <summary>A key as part of an address: the book has it as it is.</summary>
    static string NamedBy(JsonElement key) => RowKey.Write([key.ToString()]);

    List<Change> Changes(Registration registration, JsonProperty[] said, Dictionary<string, IReadOnlyDictionary<string, string>> linked)
    {
        var changes = new List<Change>();
        var rules = request.Site.RulesOf(registration.Entity);
        foreach (var member in said)
        {
            var field = member.Name.Split('.')[0];
            var known = registration.Table.GetProperties().Select(column => column.Name).Concat(registration.Table.GetNavigations().Select(navigation => navigation.Name))
                .Concat(registration.Table.GetSkipNavigations().Select(links => links.Name))
                .FirstOrDefault(name => JsonNamingPolicy.CamelCase.ConvertName(name) == field);
            if (known is not null && !rules.Reaches(Verb.Read, known)) continue;
            if (known is not null && registration.Table.FindSkipNavigation(known) is not null)
            {
                changes.Add(new(TypedText.Words(member.Name), Rows(member, "from"), Rows(member, "to")));
                continue;
            }
            changes.Add(new(TypedText.Words(member.Name), Part(member.Value, "from"), Part(member.Value, "to") ?? (member.Value.ValueKind == JsonValueKind.Object ? null : TypedText.Show(member.Value))));
        }
        return changes;

        string? Rows(JsonProperty links, string part) => links.Value.ValueKind == JsonValueKind.Object && links.Value.TryGetProperty(part, out var keys) && keys.ValueKind == JsonValueKind.Array && keys.GetArrayLength() > 0
            ? string.Join(", ", keys.EnumerateArray().Select(key => linked.GetValueOrDefault(links.Name)?.GetValueOrDefault(NamedBy(key)) ?? key.ToString())) : null;

        static string? Part(JsonElement value, string name) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var part) ? TypedText.Show(part) : null;
    }

    async Task<Dictionary<Guid, string>> NamesAsync(Guid[] ids, CancellationToken cancellationToken)
    {
        if (ids.Length == 0 || request.Site.Model.FindEntityType(typeof(User)) is null || request.Site.FindRules(typeof(User)) is not { } rules) return [];
        var users = request.Db.Set<User>().AsNoTracking().Where(user => ids.Contains(user.Id));
        if (rules.Scope(request.Actor, Verb.Read) is { } scope) users = users.Where((Expression<Func<User, bool>>)scope);
        return await users.ToDictionaryAsync(user => user.Id, user => user.Email, cancellationToken);
    }

    /// <summary><c>note.updated</c> becomes <c>Updated</c>, and <c>password-reset-asked</c> <c>Password reset asked</c>.</summary>
    static string What(string action) => TypedText.Words(action[(action.LastIndexOf('.') + 1)..].Replace('-', ' '));
}
