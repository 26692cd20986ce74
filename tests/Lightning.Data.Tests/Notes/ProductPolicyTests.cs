using Lightning.Authorization;
using Lightning.Data.Accounts;
using Lightning.Data.Audit;
using Lightning.Data.Notes;
using Lightning.Data.Organizations;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Data.Tests.Notes;

/// <summary>
/// Every policy of the product against a table of expectations: for each actor, verb and row, the object check, the
/// SQL filter and the possibility agree with it.
/// </summary>
public class ProductPolicyTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static bool IsReadOnly(Actor actor) => actor.ActedBy is not null && !actor.ActorMayWrite;

    [Fact]
    public Task Notes_EveryActorVerbAndRow_AreWhatIsMeant() =>
        AgreeAsync(
            new NotePolicy(),
            db => db.Notes.Include(note => note.Shares),
            (actor, verb, note) =>
            {
                var created = note.OwnerId == actor.UserId;
                var owner = created && note.OrganizationId is null;
                var member = note.OrganizationId is { } organization && actor.MemberOf.Contains(organization);
                var admin = note.OrganizationId is { } other && actor.AdminOf.Contains(other);
                return verb switch
                {
                    Verb.Read => owner
                        || member
                        || note.Shares.Any(share => share.UserId == actor.UserId)
                        || actor.IsAdmin,
                    _ when IsReadOnly(actor) => false,
                    Verb.Update => owner
                        || member
                        || note.Shares.Any(share => share.UserId == actor.UserId && share.CanEdit),
                    Verb.Create => owner || (member && created),
                    Verb.Archive or Verb.Pin => owner || member,
                    Verb.Share => owner && actor.IsVerified && actor.ActedBy is null,
                    _ => (owner || (member && created) || admin) && actor.IsVerified,
                };
            }
        );

    [Fact]
    public Task DeletedNotes_EveryActorVerbAndRow_AreWhatIsMeant() =>
        AgreeAsync(
            new DeletedNotePolicy(),
            db => db.DeletedNotes,
            (actor, verb, note) =>
            {
                var created = note.OwnerId == actor.UserId;
                var owner = created && note.OrganizationId is null;
                var member = note.OrganizationId is { } organization && actor.MemberOf.Contains(organization);
                var admin = note.OrganizationId is { } other && actor.AdminOf.Contains(other);
                return verb == Verb.Read
                    ? owner || member
                    : (owner || (member && created) || admin) && actor.IsVerified && !IsReadOnly(actor);
            }
        );

    [Fact]
    public Task Organizations_EveryActorVerbAndRow_AreWhatIsMeant() =>
        AgreeAsync(
            new OrganizationPolicy(),
            db => db.Organizations,
            (actor, verb, organization) =>
            {
                var isThemself = actor.IsVerified && actor.ActedBy is null;
                return verb switch
                {
                    Verb.Read => actor.MemberOf.Contains(organization.Id) || actor.IsAdmin,
                    Verb.Create => isThemself,
                    Verb.Update => actor.AdminOf.Contains(organization.Id) && !IsReadOnly(actor),
                    Verb.Invite => actor.AdminOf.Contains(organization.Id) && isThemself,
                    Verb.Delete => actor.OwnerOf.Contains(organization.Id) && isThemself,
                    _ => false,
                };
            }
        );

    [Fact]
    public Task Memberships_EveryActorVerbAndRow_AreWhatIsMeant() =>
        AgreeAsync(
            new MembershipPolicy(),
            db => db.Memberships,
            (actor, verb, membership) =>
            {
                var organization = membership.OrganizationId;
                var manages =
                    actor.OwnerOf.Contains(organization)
                    || (actor.AdminOf.Contains(organization) && membership.Role != OrganizationRole.Owner);
                var isOwn = actor.MemberOf.Contains(organization) && membership.UserId == actor.UserId;
                return verb switch
                {
                    Verb.Read => actor.MemberOf.Contains(organization) || actor.IsAdmin,
                    Verb.Update => manages && actor.ActedBy is null,
                    Verb.Delete => (manages || isOwn) && actor.ActedBy is null,
                    _ => false,
                };
            }
        );

    [Fact]
    public Task Invitations_EveryActorVerbAndRow_AreWhatIsMeant() =>
        AgreeAsync(
            new InvitationPolicy(),
            db => db.Invitations,
            (actor, verb, invitation) =>
            {
                var admin = actor.AdminOf.Contains(invitation.OrganizationId);
                var invited = invitation.UserId == actor.UserId;
                var isThemself = actor.IsVerified && actor.ActedBy is null;
                return verb switch
                {
                    Verb.Read => admin || invited || actor.IsAdmin,
                    Verb.Create => admin && isThemself && invitation.InvitedById == actor.UserId,
                    Verb.Update => admin && isThemself,
                    Verb.Accept => invited && isThemself,
                    Verb.Delete => (admin || invited) && actor.ActedBy is null,
                    _ => false,
                };
            }
        );

    [Fact]
    public Task Shares_EveryActorVerbAndRow_AreWhatIsMeant() =>
        AgreeAsync(
            new NoteSharePolicy(),
            db => db.NoteShares.Include(share => share.Note),
            (actor, verb, share) =>
            {
                var (giver, recipient) = (share.Note!.OwnerId == actor.UserId, share.UserId == actor.UserId);
                return verb switch
                {
                    Verb.Read => giver || recipient || actor.IsAdmin,
                    Verb.Create => giver && actor.IsVerified && actor.ActedBy is null,
                    Verb.Update => giver && actor.ActedBy is null,
                    Verb.Delete => (giver || recipient) && !IsReadOnly(actor),
                    _ => false,
                };
            }
        );

    [Fact]
    public Task Users_EveryActorVerbAndRow_AreWhatIsMeant() =>
        AgreeAsync(
            new UserPolicy(),
            db => db.Users,
            (actor, verb, user) =>
                verb switch
                {
                    Verb.Read => user.Id == actor.UserId || actor.IsAdmin,
                    _ when IsReadOnly(actor) => false,
                    Verb.Update => (user.Id == actor.UserId && actor.ActedBy is null) || actor.IsAdmin,
                    Verb.Delete or Verb.Disable => actor.IsAdmin && user.Id != actor.UserId,
                    Verb.Export => user.Id == actor.UserId && actor.ActedBy is null,
                    Verb.Impersonate => actor.IsAdmin
                        && user.Id != actor.UserId
                        && !user.IsAdmin
                        && user.DisabledAt is null,
                    _ => false,
                }
        );

    [Fact]
    public Task Accounts_EveryActorVerbAndRow_AreWhatIsMeant() =>
        AgreeAsync(
            new AccountPolicy(),
            db => db.Accounts,
            (actor, verb, account) =>
                verb == Verb.Read
                    ? account.Id == actor.UserId || actor.IsAdmin
                    : verb == Verb.ResetSecondFactor && actor.IsAdmin && account.Id != actor.UserId
        );

    [Fact]
    public Task Sessions_EveryActorVerbAndRow_AreWhatIsMeant() =>
        AgreeAsync(
            new SessionPolicy(),
            db => db.Sessions,
            (actor, verb, session) =>
                verb is Verb.Read or Verb.Delete && (session.UserId == actor.UserId || actor.IsAdmin)
        );

    [Fact]
    public Task AuditEntries_EveryActorVerbAndRow_AreWhatIsMeant() =>
        AgreeAsync(new AuditPolicy(), db => db.AuditEntries, (actor, verb, _) => verb == Verb.Read && actor.IsAdmin);

    [Fact]
    public async Task Explanation_of_a_denied_update_is_a_sentence()
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await NoteTestData.FillAsync(database);
        await using var db = database.Connect();
        var (ada, eve) = (actors[0], actors[3]);
        var note = await db.Notes.FirstAsync(
            note => note.OwnerId == ada.UserId && note.OrganizationId == null,
            Cancellation
        );
        (await new NotePolicy().ExplainAsync(db, eve, Verb.Update, note, Cancellation))
            .ToString()
            .ShouldBe(
                "Update denied: not ((owner | member) & writer | editor & writer). owner: note belongs to another "
                    + "user. member: not a member of the organization. writer: holds. editor: no share for editing."
            );
    }

    async Task AgreeAsync<T>(Policy<T> policy, Func<LightningDb, IQueryable<T>> whole, Func<Actor, Verb, T, bool> truth)
        where T : class
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await NoteTestData.FillAsync(database);
        await using var db = database.Connect();
        var meant = await whole(db).AsNoTracking().ToListAsync(Cancellation);
        meant.Count.ShouldBeGreaterThan(3);
        // Navigations are not loaded: rules must not need them.
        var rows = (await db.Set<T>().AsNoTracking().ToListAsync(Cancellation)).ToDictionary(row => Key(db, row));
        foreach (var actor in actors)
        {
            var withGrants = await db.Set<T>().AsNoTracking().WithGrants(policy, actor).ToListAsync(Cancellation);
            foreach (var verb in Enum.GetValues<Verb>())
            {
                var scope = (await db.Set<T>().AsNoTracking().Where(policy, actor, verb).ToListAsync(Cancellation))
                    .Select(row => Key(db, row))
                    .ToHashSet();
                scope.ShouldBe(
                    meant
                        .Where(row => policy.Verbs.Contains(verb) && truth(actor, verb, row))
                        .Select(row => Key(db, row)),
                    ignoreOrder: true,
                    $"{actor} {verb}"
                );
                if (scope.Count > 0)
                    policy.IsPossible(actor, verb).ShouldBeTrue();
                foreach (var (key, row) in rows)
                    (await policy.MayAsync(db, actor, verb, row, Cancellation)).ShouldBe(
                        scope.Contains(key),
                        $"{actor} {verb}"
                    );
                if (verb is not (Verb.Create or Verb.Read))
                    foreach (var row in withGrants)
                        policy.May(actor, verb, row).ShouldBe(scope.Contains(Key(db, row.Row)), $"{actor} {verb}");
            }
        }
    }

    static object Key<T>(LightningDb db, T row)
        where T : class =>
        db.Model.FindEntityType(typeof(T))!.FindPrimaryKey()!.Properties.Single().PropertyInfo!.GetValue(row)!;
}
