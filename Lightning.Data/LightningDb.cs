using Lightning.Data.Accounts;
using Lightning.Data.Audit;
using Lightning.Data.Authorizations;
using Lightning.Data.Drafts;
using Lightning.Data.Idempotency;
using Lightning.Data.Impersonation;
using Lightning.Data.Keys;
using Lightning.Data.Notes;
using Lightning.Data.Organizations;
using Lightning.Data.Search;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Sessions.Model;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Data;

/// <summary>The context of all services; a service's database role limits what it can access.</summary>
/// <remarks>
/// EF generates missing keys as UUID version 7 when a row is added, so that keys ascend in time. Entities do not
/// generate them, because that would cost a UUID per row that is read.
/// </remarks>
public sealed class LightningDb(DbContextOptions<LightningDb> options)
    : IdentityUserContext<Account, Guid>(options),
        IDataProtectionKeyContext,
        ISessionContext
{
    /// <summary>Identity's accounts.</summary>
    public DbSet<Account> Accounts => Set<Account>();

    /// <summary>One-time links, mailed or printed.</summary>
    public DbSet<AccountLink> AccountLinks => Set<AccountLink>();

    /// <summary>Recovery codes for a lost authenticator app.</summary>
    public DbSet<RecoveryCode> RecoveryCodes => Set<RecoveryCode>();

    /// <summary>Token buckets that limit attempts.</summary>
    public DbSet<AttemptCount> Attempts => Set<AttemptCount>();

    /// <summary>The product's users, of every issuer.</summary>
    public new DbSet<User> Users => Set<User>();

    /// <summary>Sessions at the provider, one per browser and account.</summary>
    public DbSet<Session> Sessions => Set<Session>();

    /// <summary>Sessions at relying parties, one per cookie.</summary>
    public DbSet<WebSession> WebSessions => Set<WebSession>();

    /// <summary>Forms of the admin site whose user had to sign in again.</summary>
    public DbSet<FormDraft> FormDrafts => Set<FormDraft>();

    /// <summary>One-time tickets that start an impersonation.</summary>
    public DbSet<ImpersonationTicket> ImpersonationTickets => Set<ImpersonationTicket>();

    /// <summary>Authorization requests that were pushed, and codes.</summary>
    public DbSet<AuthorizationHandle> AuthorizationHandles => Set<AuthorizationHandle>();

    /// <summary>Clients' grants, by session.</summary>
    public DbSet<ClientGrant> Grants => Set<ClientGrant>();

    /// <summary>Refresh tokens, by family.</summary>
    public DbSet<RefreshToken> RefreshTokens => Set<RefreshToken>();

    /// <summary>Used single-use tokens, to detect replay.</summary>
    public DbSet<SeenToken> SeenTokens => Set<SeenToken>();

    /// <summary>Keys that sign tokens.</summary>
    public DbSet<SigningKey> SigningKeys => Set<SigningKey>();

    /// <summary>Messages to send.</summary>
    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    /// <summary>The audit log.</summary>
    public DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();

    /// <summary>Notes.</summary>
    public DbSet<Note> Notes => Set<Note>();

    /// <summary>Shares of notes.</summary>
    public DbSet<NoteShare> NoteShares => Set<NoteShare>();

    /// <summary>
    /// The ids of notes that match a search, among the actor's own and those shared with the actor, or among those of
    /// an organization. Composable.
    /// </summary>
    /// <param name="query">
    /// Beginnings of words, <c>"phrases"</c>, <c>or</c> and <c>-without</c>; nothing matches a query without a letter
    /// or digit.
    /// </param>
    /// <param name="organizationId">One of the actor's organizations; null for personal notes.</param>
    public IQueryable<Guid> FindNotes(string query, Guid? organizationId = null) =>
        Database.SqlQuery<Guid>($"""SELECT id AS "Value" FROM app.find_notes({query}, {organizationId})""");

    /// <summary>Deleted notes: the trash.</summary>
    public DbSet<DeletedNote> DeletedNotes => Set<DeletedNote>();

    /// <summary>Moves a note out of the actor's trash, with its shares.</summary>
    /// <returns>False if it is not there.</returns>
    public Task<bool> RestoreNoteAsync(Guid id, CancellationToken cancellationToken) =>
        CallAsync<bool>($"""SELECT app.restore_note({id}) AS "Value" """, cancellationToken);

    /// <summary>Deletes notes that were deleted before a time, but not within the last day.</summary>
    /// <param name="before">The time (UTC).</param>
    /// <param name="most">The maximum number of notes.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The number of notes.</returns>
    public Task<int> PurgeDeletedNotesAsync(DateTimeOffset before, int most, CancellationToken cancellationToken) =>
        CallAsync<int>($"""SELECT app.purge_deleted_notes({before}, {most}) AS "Value" """, cancellationToken);

    /// <summary>Organizations, deleted ones too.</summary>
    public DbSet<Organization> Organizations => Set<Organization>();

    /// <summary>Members of organizations.</summary>
    public DbSet<Membership> Memberships => Set<Membership>();

    /// <summary>Invitations to organizations.</summary>
    public DbSet<Invitation> Invitations => Set<Invitation>();

    /// <summary>Requests with an idempotency key, and their responses.</summary>
    public DbSet<KeyedRequest> KeyedRequests => Set<KeyedRequest>();

    /// <summary>This service's data-protection key ring; row-level security hides the other services'.</summary>
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <summary>The result of a function.</summary>
    /// <param name="sql">A statement that selects the result as <c>"Value"</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    internal async Task<T> CallAsync<T>(FormattableString sql, CancellationToken cancellationToken) =>
        // A list, because EF would compose a query for a single row, and a function is called as it is written.
        (await Database.SqlQuery<T>(sql).ToListAsync(cancellationToken)).Single();

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.AddTextSearch();
        builder.AddSessions<Session, WebSession>(nameof(WebSession.Session));
        builder.ApplyConfigurationsFromAssembly(typeof(LightningDb).Assembly);
    }
}
