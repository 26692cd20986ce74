using System.Text.Json;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Forms;

/// <summary>The inline children in the form of a row.</summary>
sealed class FormChildren(Registration registration, AdminRequest request)
{
    /// <summary>The writers of the inline children, each with the foreign key to this row.</summary>
    readonly List<(ChildWriter Writer, IForeignKey Key)> children =
    [
        .. from inline in registration.Inlines
        where inline.IsEdited
        let child = request.Site.Of(inline.Child)!
        where request.IsPossible(child, Verb.Read)
        let key = registration.Table.FindNavigation(inline.Name)!.ForeignKey
        select (ChildWriter.Create(child, request, JsonNamingPolicy.CamelCase.ConvertName(inline.Name), key), key),
    ];

    /// <summary>Whether every posted child can be written.</summary>
    public bool Knows(Posted posted) =>
        posted.Rows.All(row => children.Any(child => child.Writer.List == row.List))
        && children.All(child => child.Writer.Knows(Sent(child.Writer, posted)));

    /// <summary>Locks and validates the posted children. Writes nothing.</summary>
    /// <param name="entry">The row; null for a new row.</param>
    /// <param name="posted">The posted form.</param>
    public async Task<ChildPlans> PlanAsync(EntityEntry? entry, Posted posted)
    {
        var plans = new ChildPlans();
        foreach (var (child, leads) in children)
            plans[child] = await child.PlanAsync(entry is null ? null : Principal(entry, leads), Sent(child, posted));
        return plans;
    }

    /// <summary>The errors of the first child that could not be saved; null if all were.</summary>
    public async Task<Dictionary<ChildWriter, ChildErrors>?> WriteAsync(EntityEntry entry)
    {
        foreach (var (child, leads) in children)
            if (await child.WriteAsync(Principal(entry, leads)) is { Count: > 0 } errors)
                return new() { [child] = errors };
        return null;
    }

    /// <summary>The children for display, with posted values.</summary>
    public async Task<IReadOnlyList<ChildForm>> ShowAsync(
        EntityEntry? entry,
        Posted? posted,
        Dictionary<ChildWriter, ChildErrors> errors,
        CancellationToken cancellationToken
    )
    {
        var forms = new List<ChildForm>();
        foreach (var (child, leads) in children)
            forms.Add(
                await child.ShowAsync(
                    entry is null ? null : Principal(entry, leads),
                    posted is null ? [] : Sent(child, posted),
                    posted?.AddsTo == child.List,
                    errors.GetValueOrDefault(child),
                    cancellationToken
                )
            );
        return forms;
    }

    static List<PostedRow> Sent(ChildWriter child, Posted posted) =>
        [.. posted.Rows.Where(row => row.List == child.List)];

    static List<object?> Principal(EntityEntry entry, IForeignKey leads) =>
        [.. leads.PrincipalKey.Properties.Select(column => entry.Property(column).CurrentValue)];
}

/// <summary>The results of validating a form's children, by list.</summary>
sealed class ChildPlans : Dictionary<ChildWriter, ChildPlan>
{
    public bool HasConflict => Values.Any(plan => plan.HasConflict);

    public bool IsRefused => Values.Any(plan => plan.IsRefused);

    public bool HasErrors => Values.Any(plan => plan.Errors.Count > 0);

    public Dictionary<ChildWriter, ChildErrors> Errors =>
        this.ToDictionary(plan => plan.Key, plan => plan.Value.Errors);
}
