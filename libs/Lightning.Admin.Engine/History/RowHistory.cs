using System.Text.Json;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;

namespace Lightning.Admin.Engine.History;

/// <summary>
/// Reads the audit entries of one row, subject to the policies of the audit log and of the row's fields.
/// </summary>
sealed class RowHistory(AdminRequest request)
{
    /// <summary>Reads the newest entries about a row.</summary>
    /// <param name="registration">The row's registration.</param>
    /// <param name="subject">The row's key as recorded in the audit log.</param>
    /// <param name="before">Only entries older than the one with this id; null for the newest.</param>
    /// <param name="most">The maximum number of entries.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public async Task<IReadOnlyList<HistoryEntry>> ReadAsync(
        Registration registration,
        string subject,
        long? before,
        int most,
        CancellationToken cancellationToken
    )
    {
        if (registration.Subject is not { } type)
            return [];
        var records = await request.Site.Audit.ReadAsync(
            request.Db,
            request.Actor,
            new([type, .. registration.OtherSubjects], subject, before, most),
            cancellationToken
        );
        var details = records.ToDictionary(record => record.Id, record => Fields(record.Details));
        var linked = await LinkedAsync(
            registration,
            [.. details.Values.SelectMany(fields => fields)],
            cancellationToken
        );
        return
        [
            .. records.Select(record => new HistoryEntry(
                record,
                record.Text ?? What(record.Action),
                // By the fields and policy of the entity that the entry is about.
                Changes(
                    request.Site.Registrations.FirstOrDefault(other => other.Subject == record.SubjectType)
                        ?? registration,
                    details[record.Id],
                    linked
                )
            )),
        ];
    }

    /// <summary>The fields of an audit entry's details.</summary>
    static JsonProperty[] Fields(string? details) =>
        details is not null && JsonElement.Parse(details) is { ValueKind: JsonValueKind.Object } fields
            ? [.. fields.EnumerateObject()]
            : [];

    /// <summary>
    /// The names of the linked and unlinked rows in audit entries, by field and key; one query per field that has any.
    /// </summary>
    async Task<Dictionary<string, IReadOnlyDictionary<string, string>>> LinkedAsync(
        Registration registration,
        JsonProperty[] details,
        CancellationToken cancellationToken
    )
    {
        var names = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
        foreach (var links in registration.Table.GetSkipNavigations())
        {
            var field = JsonNamingPolicy.CamelCase.ConvertName(links.Name);
            var keys = details
                .Where(change => change.NameEquals(field) && change.Value.ValueKind == JsonValueKind.Object)
                .SelectMany(change => change.Value.EnumerateObject())
                .Where(part => part.Value.ValueKind == JsonValueKind.Array)
                .SelectMany(part => part.Value.EnumerateArray())
                .Select(NamedBy)
                .Distinct()
                .ToList();
            if (keys.Count > 0 && request.Site.Of(links.TargetEntityType.ClrType) is { KeyLength: 1 } target)
                names[field] = await RowLookup.Create(target, request).NamedAsync(keys, cancellationToken);
        }
        return names;
    }

    /// <summary>The URL segment of a key; the audit log has the plain key.</summary>
    static string NamedBy(JsonElement key) => RowKey.Format([key.ToString()]);

    List<Change> Changes(
        Registration registration,
        JsonProperty[] details,
        Dictionary<string, IReadOnlyDictionary<string, string>> linked
    )
    {
        var changes = new List<Change>();
        var rules = request.Site.RulesOf(registration.Entity);
        foreach (var member in details)
        {
            var field = member.Name.Split('.')[0];
            var known = registration
                .Table.GetProperties()
                .Select(column => column.Name)
                .Concat(registration.Table.GetNavigations().Select(navigation => navigation.Name))
                .Concat(registration.Table.GetSkipNavigations().Select(links => links.Name))
                .FirstOrDefault(name => JsonNamingPolicy.CamelCase.ConvertName(name) == field);
            if (known is not null && !rules.Reaches(Verb.Read, known))
                continue;
            if (known is not null && registration.Table.FindSkipNavigation(known) is not null)
            {
                changes.Add(new(TypedText.Words(member.Name), Rows(member, "from"), Rows(member, "to")));
                continue;
            }
            changes.Add(
                new(
                    TypedText.Words(member.Name),
                    Part(member.Value, "from"),
                    Part(member.Value, "to")
                        ?? (member.Value.ValueKind == JsonValueKind.Object ? null : TypedText.Display(member.Value))
                )
            );
        }
        return changes;

        string? Rows(JsonProperty links, string part) =>
            links.Value.ValueKind == JsonValueKind.Object
            && links.Value.TryGetProperty(part, out var keys)
            && keys.ValueKind == JsonValueKind.Array
            && keys.GetArrayLength() > 0
                ? string.Join(
                    ", ",
                    keys.EnumerateArray()
                        .Select(key =>
                            linked.GetValueOrDefault(links.Name)?.GetValueOrDefault(NamedBy(key)) ?? key.ToString()
                        )
                )
                : null;

        static string? Part(JsonElement value, string name) =>
            value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var part)
                ? TypedText.Display(part)
                : null;
    }

    /// <summary>
    /// <c>note.updated</c> becomes <c>Updated</c>, and <c>password-reset-asked</c> <c>Password reset asked</c>.
    /// </summary>
    static string What(string action) => TypedText.Words(action[(action.LastIndexOf('.') + 1)..].Replace('-', ' '));
}
