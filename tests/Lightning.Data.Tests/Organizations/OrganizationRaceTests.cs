using Lightning.Authorization;
using Lightning.Testing;
using Npgsql;

namespace Lightning.Data.Tests.Organizations;

/// <summary>
/// Concurrent writes of an organization. Each test also runs with a broken variant of the function that it is about, to
/// show that the race happens.
/// </summary>
public sealed class OrganizationRaceTests(PostgresServer server)
{
    const int Rounds = 1000;

    const string AcceptWithoutLock = """
        CREATE OR REPLACE FUNCTION app.accept_invitation(id uuid) RETURNS uuid
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            accepted app.invitations;
        BEGIN
            SELECT * INTO accepted FROM app.invitations AS invitation WHERE invitation.id = accept_invitation.id;
            IF NOT FOUND THEN RETURN NULL; END IF;
            INSERT INTO app.memberships (id, organization_id, user_id, role, created_at)
                VALUES (gen_random_uuid(), accepted.organization_id, app.actor(), accepted.role, clock_timestamp());
            DELETE FROM app.invitations AS invitation WHERE invitation.id = accept_invitation.id;
            RETURN accepted.organization_id;
        END $$
        """;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Invitation_is_either_accepted_or_revoked(bool isBroken)
    {
        await using var race = await Race.BeginAsync(server);
        if (isBroken)
            await race.Database.ExecuteAsync(AcceptWithoutLock);
        var both = 0;
        for (var round = 0; round < Rounds && (!isBroken || both == 0); round++)
        {
            await race.Database.ExecuteAsync(
                $"""
                DELETE FROM app.memberships WHERE user_id = '{race.Bob}';
                INSERT INTO app.invitations (id, organization_id, address, role, invited_by_id, created_at, expires_at)
                    VALUES ('{race.Invitation}', '{race.Organization}', 'bob@example.com', 'member', '{race.Ada}',
                        now(), now() + interval '1 day')
                """
            );

            await race.RunAsync(
                (race.Bob, $"SELECT app.accept_invitation('{race.Invitation}')"),
                (race.Ada, $"DELETE FROM app.invitations WHERE id = '{race.Invitation}'")
            );

            var isMember = await race.CountAsync($"app.memberships WHERE user_id = '{race.Bob}'") == 1;
            (await race.CountAsync("app.invitations")).ShouldBe(0);
            both += isMember && race.Rows[1] == 1 ? 1 : 0;
            if (!isBroken)
                isMember.ShouldBe(race.Rows[1] == 0, "one of them wins");
        }
        (both > 0).ShouldBe(isBroken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Owner_remains_when_two_owners_leave_at_once(bool isBroken)
    {
        await using var race = await Race.BeginAsync(server);
        if (isBroken)
            await race.Database.ExecuteAsync(
                """
                DO $do$ BEGIN
                EXECUTE regexp_replace(pg_get_functiondef('app.keep_an_owner'::regproc), 'FOR NO KEY UPDATE', '');
                END $do$
                """
            );
        var ownerless = 0;
        for (var round = 0; round < Rounds && (!isBroken || ownerless == 0); round++)
        {
            await race.Database.ExecuteAsync(
                $"""
                INSERT INTO app.memberships (id, organization_id, user_id, role, created_at)
                    SELECT gen_random_uuid(), '{race.Organization}', id, 'owner', now() FROM app.users
                    ON CONFLICT (organization_id, user_id) DO UPDATE SET role = 'owner'
                """
            );

            await race.RunAsync(
                (race.Ada, $"DELETE FROM app.memberships WHERE user_id = '{race.Ada}'"),
                round % 2 == 0
                    ? (race.Bob, $"DELETE FROM app.memberships WHERE user_id = '{race.Bob}'")
                    : (race.Bob, $"UPDATE app.memberships SET role = 'admin' WHERE user_id = '{race.Bob}'")
            );

            ownerless += await race.CountAsync("app.memberships WHERE role = 'owner'") == 0 ? 1 : 0;
        }
        (ownerless > 0).ShouldBe(isBroken);
    }

    /// <summary>Two users of an organization, each with a connection of the API's role.</summary>
    sealed class Race(TestDatabase database, Guid ada, Guid bob) : IAsyncDisposable
    {
        readonly NpgsqlConnection[] connections =
        [
            new(database.ConnectionStringOf("api")),
            new(database.ConnectionStringOf("api")),
        ];

        public TestDatabase Database => database;

        public Guid Ada => ada;

        public Guid Bob => bob;

        public Guid Organization { get; } = Guid.CreateVersion7();

        public Guid Invitation { get; } = Guid.CreateVersion7();

        /// <summary>How many rows each statement of the last run wrote; -1 for one that was refused.</summary>
        public int[] Rows { get; private set; } = [];

        public static async Task<Race> BeginAsync(PostgresServer server)
        {
            var database = await server.CreateDatabaseAsync();
            await using var db = database.Connect();
            var race = new Race(database, (await db.AddUserAsync("ada")).Id, (await db.AddUserAsync("bob")).Id);
            await database.ExecuteAsync(
                $"""
                INSERT INTO app.organizations (id, slug, name, created_at)
                    VALUES ('{race.Organization}', 'race', 'Race', now());
                INSERT INTO app.memberships (id, organization_id, user_id, role, created_at)
                    VALUES (gen_random_uuid(), '{race.Organization}', '{race.Ada}', 'owner', now())
                """
            );
            foreach (var connection in race.connections)
                await connection.OpenAsync(Cancellation);
            return race;
        }

        /// <summary>Runs two statements at once, each in a transaction of an owner of the organization.</summary>
        public async Task RunAsync(params (Guid Actor, string Sql)[] statements)
        {
            using var start = new Barrier(statements.Length);
            Rows = await Task.WhenAll(
                statements.Select((statement, place) => Task.Run(() => ExecuteAsync(place, statement, start)))
            );
        }

        public async Task<long> CountAsync(string rows) =>
            (long)(await database.ExecuteAsync($"SELECT count(*) FROM {rows}"))!;

        async Task<int> ExecuteAsync(int place, (Guid Actor, string Sql) statement, Barrier start)
        {
            var connection = connections[place];
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await RowSecurity.SetActorAsync(
                connection,
                new Actor(statement.Actor, Guid.NewGuid(), IsAdmin: false, IsVerified: true)
                {
                    Memberships = Memberships.None.With(Organization, isAdmin: true, isOwner: true),
                },
                Cancellation
            );
            start.SignalAndWait(Cancellation);
            try
            {
                await using var command = new NpgsqlCommand(statement.Sql, connection, transaction);
                var rows = await command.ExecuteNonQueryAsync(Cancellation);
                await transaction.CommitAsync(Cancellation);
                return rows;
            }
            catch (PostgresException ex) when (ex.ConstraintName == "last_owner")
            {
                await transaction.RollbackAsync(Cancellation);
                return -1;
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var connection in connections)
                await connection.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}
