using System.Reflection;
using System.Text.Json;
using Lightning.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Data.Audit;

/// <summary>
/// Adds an audit entry to each write of an audited entity, in the same SaveChanges, so that no write goes unaudited.
/// The actor is the request's; a write outside a request throws. Changes of many-to-many links are audited with the
/// entity, as the keys of the removed and added rows.
/// </summary>
public sealed class AuditInterceptor(IHttpContextAccessor requests, TimeProvider clock) : SaveChangesInterceptor
{
    /// <inheritdoc/>
    public override InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
    {
        Enter(eventData?.Context!);
        return result;
    }

    /// <inheritdoc/>
    public override ValueTask<InterceptionResult<int>> SavingChangesAsync(
        DbContextEventData eventData,
        InterceptionResult<int> result,
        CancellationToken cancellationToken = default
    )
    {
        Enter(eventData?.Context!);
        return new(result);
    }

    void Enter(DbContext db)
    {
        var entries = db.ChangeTracker.Entries().ToList();
        var links = entries
            .Where(entry => entry.Metadata.IsPropertyBag && entry.State is EntityState.Added or EntityState.Deleted)
            .ToList();
        foreach (var entry in entries)
            if (
                Links(entry, links).ToList() is var linked
                && (IsWritten(entry) || linked.Count > 0)
                && entry.Metadata.ClrType.GetCustomAttribute<AuditedAttribute>() is { } audited
            )
                db.Add(Enter(audited.Name, entry, linked));
    }

    AuditEntry Enter(string subject, EntityEntry entry, IEnumerable<KeyValuePair<string, object>> linked)
    {
        var request =
            requests.HttpContext
            ?? throw new InvalidOperationException(
                $"A {subject} is written outside a request: add an audit entry that names who writes it."
            );
        var actor = request.RequestServices.GetRequiredService<Actor>();
        var what = entry.State switch
        {
            EntityState.Added => "created",
            EntityState.Deleted => "deleted",
            _ => "updated",
        };
        return new AuditEntry
        {
            At = clock.GetUtcNow(),
            Action = $"{subject}.{what}",
            UserId = actor.UserId,
            SessionId = actor.SessionId == Guid.Empty ? null : actor.SessionId,
            SubjectType = subject,
            SubjectId = Key(entry, entry.Metadata.FindPrimaryKey()!.Properties),
            Details = JsonSerializer.Serialize(
                Fields(entry).Concat(linked).ToDictionary(StringComparer.Ordinal),
                JsonSerializerOptions.Web
            ),
            Ip = request.Connection.RemoteIpAddress?.ToString(),
        };
    }

    /// <summary>Whether the entity or an owned entity is written.</summary>
    static bool IsWritten(EntityEntry entry) =>
        entry.State is EntityState.Added or EntityState.Modified or EntityState.Deleted
        || Owned(entry).Any(owned => IsWritten(owned.Entry));

    static IEnumerable<(string Name, EntityEntry Entry)> Owned(EntityEntry entry) =>
        from reference in entry.References
        where reference.Metadata.TargetEntityType.IsOwned() && reference.TargetEntry is not null
        select (JsonNamingPolicy.CamelCase.ConvertName(reference.Metadata.Name), reference.TargetEntry);

    static IEnumerable<KeyValuePair<string, object>> Links(EntityEntry entry, List<EntityEntry> links) =>
        from navigation in entry.Metadata.GetSkipNavigations()
        let mine = links
            .Where(link =>
                link.Metadata == navigation.JoinEntityType
                && Key(link, navigation.ForeignKey.Properties)
                    == Key(entry, navigation.ForeignKey.PrincipalKey.Properties)
            )
            .ToLookup(link => link.State, link => Key(link, navigation.Inverse.ForeignKey.Properties))
        where mine.Count > 0
        select KeyValuePair.Create(
            JsonNamingPolicy.CamelCase.ConvertName(navigation.Name),
            navigation.PropertyInfo?.IsDefined(typeof(AuditRedactedAttribute)) == true
                ? new { }
                : (object)new { @from = mine[EntityState.Deleted], to = mine[EntityState.Added] }
        );

    static string Key(EntityEntry entry, IEnumerable<IProperty> columns) =>
        string.Join(',', columns.Select(column => entry.CurrentValues[column]));

    static Dictionary<string, object> Fields(EntityEntry entry) =>
        entry
            .Properties.Where(property =>
                !property.Metadata.IsPrimaryKey()
                && property.Metadata.PropertyInfo is not null
                && !IsVersion(property.Metadata)
            )
            .Where(property =>
                entry.State is EntityState.Added or EntityState.Deleted
                || (property.IsModified && !Equals(property.OriginalValue, property.CurrentValue))
            )
            .Select(property =>
                KeyValuePair.Create(
                    JsonNamingPolicy.CamelCase.ConvertName(property.Metadata.Name),
                    Change(entry.State, property)
                )
            )
            .Concat(
                Owned(entry)
                    .SelectMany(owned =>
                        Fields(owned.Entry)
                            .Select(field => KeyValuePair.Create($"{owned.Name}.{field.Key}", field.Value))
                    )
            )
            .ToDictionary(StringComparer.Ordinal);

    static object Change(EntityState state, PropertyEntry property) =>
        property.Metadata.PropertyInfo!.IsDefined(typeof(AuditRedactedAttribute)) ? new { }
        : state == EntityState.Added ? new { to = property.CurrentValue }
        : state == EntityState.Deleted ? new { from = property.OriginalValue }
        : new { from = property.OriginalValue, to = property.CurrentValue };

    static bool IsVersion(IProperty property) =>
        property is { IsConcurrencyToken: true, ValueGenerated: ValueGenerated.OnAddOrUpdate };
}
