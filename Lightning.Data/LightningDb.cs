using Lightning.Data.Accounts;
using Lightning.Data.Acting;
using Lightning.Data.Audit;
using Lightning.Data.Authorizations;
using Lightning.Data.Idempotency;
using Lightning.Data.Keys;
using Lightning.Data.Notes;
using Lightning.Data.Outbox;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Data;

/// <summary>The one context over the one database. A service sees of it what its database role may see.</summary>
/// <remarks>A key that nobody gives is made when its row is added: of version 7, so that rows stand in order of time. Made by the object itself, there would be one for each row that is read, too.</remarks>
public sealed class LightningDb(DbContextOptions<LightningDb> options) : IdentityUserContext<Account, Guid>(options), IDataProtectionKeyContext
{
    /// <summary>Who can sign in here.</summary>
    public DbSet<Account> Accounts => Set<Account>();

    /// <summary>One-time links that were mailed or printed.</summary>
    public DbSet<AccountLink> AccountLinks => Set<AccountLink>();

    /// <summary>What stands in for a lost authenticator app.</summary>
    public DbSet<RecoveryCode> RecoveryCodes => Set<RecoveryCode>();

    /// <summary>How often something may still be tried.</summary>
    public DbSet<AttemptCount> Attempts => Set<AttemptCount>();

    /// <summary>The product's users, whoever signed them in.</summary>
    public new DbSet<User> Users => Set<User>();

    /// <summary>Sessions at the provider, one a browser and account.</summary>
    public DbSet<Session> Sessions => Set<Session>();

    /// <summary>Sessions at a relying party, one a cookie.</summary>
    public DbSet<WebSession> WebSessions => Set<WebSession>();

    /// <summary>Who wants to act as whom.</summary>
    public DbSet<Handover> Handovers => Set<Handover>();

    /// <summary>Authorization requests that were pushed, and codes.</summary>
    public DbSet<Authorization> Authorizations => Set<Authorization>();

    /// <summary>Which clients were given tokens for which sessions.</summary>
    public DbSet<ClientGrant> Grants => Set<ClientGrant>();

    /// <summary>Refresh tokens, by family.</summary>
    public DbSet<RefreshToken> RefreshTokens => Set<RefreshToken>();

    /// <summary>Signed tokens that were used and may not be again.</summary>
    public DbSet<SeenToken> SeenTokens => Set<SeenToken>();

    /// <summary>Keys that sign tokens.</summary>
    public DbSet<SigningKey> SigningKeys => Set<SigningKey>();

    /// <summary>What is still to be sent.</summary>
    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    /// <summary>What was done, by whom.</summary>
    public DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();

    /// <summary>Notes.</summary>
    public DbSet<Note> Notes => Set<Note>();

    /// <summary>With whom notes are shared.</summary>
    public DbSet<NoteShare> NoteShares => Set<NoteShare>();

    /// <summary>The ids of the actor's notes, and of those shared with them, that hold the words of a query; part of whatever it is composed into.</summary>
    /// <param name="query">Words, <c>"phrases"</c>, <c>or</c> and <c>-without</c>.</param>
    public IQueryable<Guid> FindNotes(string query) => Database.SqlQuery<Guid>($"""SELECT id AS "Value" FROM app.find_notes({query})""");

    /// <summary>Requests that were made with a key, and what was answered.</summary>
    public DbSet<KeyedRequest> KeyedRequests => Set<KeyedRequest>();

    /// <summary>This service's data-protection ring; row-level security hides every other service's.</summary>
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.ApplyConfigurationsFromAssembly(typeof(LightningDb).Assembly);
    }
}
