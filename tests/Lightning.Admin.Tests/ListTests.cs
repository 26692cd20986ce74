using Lightning.Admin.Accounts;
using Lightning.Admin.Notes;
using Lightning.Admin.Registrations;
using Lightning.Admin.Sessions;
using Lightning.Data.Accounts;
using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Lightning.Data.Sessions;
using Lightning.Testing;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Lightning.Admin.Tests;

/// <summary>The lists, read with the rights of the site's own database role.</summary>
public class ListTests(PostgresServer server)
{
    static readonly Actor Root = new(Guid.NewGuid(), Guid.NewGuid(), IsAdmin: true, IsVerified: true);
    static readonly Actor Nobody = Root with { IsAdmin = false };
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Lists => ["Accounts", "Sessions", "Notes"];

    static Registration Registered(string title) => title switch
    {
        "Accounts" => new AccountAdmin(new AccountPolicy()),
        "Sessions" => new SessionAdmin(new SessionPolicy()),
        _ => new NoteAdmin(new NotePolicy()),
    };

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task List_ReadByAnAdministrator_HasTheRows_AndByAnybodyElseNone(string title)
    {
        await using var database = await server.CreateDatabaseAsync();
        await FillAsync(database, 1);
        await using var db = database.ConnectAs("admin");
        var list = Registered(title);
        var row = (await list.ReadAsync(db, Root, null, Cancellation)).Rows.ShouldHaveSingleItem();
        row.Count.ShouldBe(list.Columns.Count);
        (await list.ReadAsync(db, Nobody, null, Cancellation)).Rows.ShouldBeEmpty();
    }

    [Fact]
    public async Task List_OfMoreThanAPage_HasEachRowOnce_NewestFirst()
    {
        await using var database = await server.CreateDatabaseAsync();
        await FillAsync(database, 120);
        await using var db = database.ConnectAs("admin");
        var (titles, after, pages) = (new List<string>(), (Guid?)null, 0);
        do
        {
            var page = await Registered("Notes").ReadAsync(db, Root, after, Cancellation);
            titles.AddRange(page.Rows.Select(row => (string)row[0]!));
            after = page.Next;
            pages++;
        }
        while (after is not null);
        pages.ShouldBe(3);
        titles.ShouldBe(Enumerable.Range(0, 120).Reverse().Select(number => $"Note {number}"));
    }

    static async Task FillAsync(TestDatabase database, int notes)
    {
        await using var db = database.Connect();
        var user = await db.AddUserAsync("ada");
        await db.AddSessionAsync(user);
        db.Accounts.Add(new Account { Id = user.Id, UserName = user.Email, Email = user.Email, Name = user.Name, CreatedAt = user.CreatedAt });
        for (var number = 0; number < notes; number++)
        {
            var at = user.CreatedAt.AddSeconds(number);
            db.Notes.Add(new Note { Id = Guid.CreateVersion7(at), OwnerId = user.Id, Title = $"Note {number}", Body = "", CreatedAt = at, UpdatedAt = at });
        }
        await db.SaveChangesAsync(Cancellation);
    }
}
