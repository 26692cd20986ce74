using System.Text;
using Lightning.Data.Notes;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Data.Tests.Search;

/// <summary>What <c>Sql/search.sql</c> finds. Stored text and searches share one definition of words.</summary>
public sealed class TextSearchTests(TextSearchTests.SearchDatabase fixture)
    : IClassFixture<TextSearchTests.SearchDatabase>
{
    readonly TestDatabase database = fixture.Database;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    // Punctuation separates words.
    [InlineData("Alpha/Beta", "Beta")]
    [InlineData("Alpha/Beta", "alpha")]
    [InlineData("report-2024.pdf", "report")]
    [InlineData("report-2024.pdf", "2024")]
    [InlineData("report-2024.pdf", "pdf")]
    [InlineData("report-2024.pdf", "report-2024.pdf")]
    [InlineData("report-2024.pdf", "report-20")]
    [InlineData("finished.Then we left", "finished")]
    [InlineData("finished.Then we left", "then")]
    [InlineData("bob@example.com", "bob")]
    [InlineData("bob@example.com", "example.com")]
    [InlineData("bob@example.com", "com")]
    [InlineData("<bob@example.com>, eve", "bob@example.com")]
    [InlineData("https://example.com/a/winter?garden=1", "winter")]
    [InlineData("snake_case_name", "case")]
    [InlineData("C:\\files\\budget.xls", "budget")]
    [InlineData("3.14159", "14159")]
    [InlineData("-7°", "7")]
    [InlineData("one—two…three", "two")]
    [InlineData("one\u00A0two\u200Bthree", "two")]
    [InlineData("🎉party", "party")]
    [InlineData("it's", "it’s")]
    // Beginnings of words.
    [InlineData("quarterly figures", "quart")]
    [InlineData("quarterly figures", "q")]
    [InlineData("quarterly figures", "fig quart")]
    [InlineData("1e5", "1e")]
    // Accents, case and compatibility forms.
    [InlineData("Café", "cafe")]
    [InlineData("Cafe\u0301", "café")]
    [InlineData("Café", "CAFE\u0301")]
    [InlineData("cafe", "Café")]
    [InlineData("STRASSE", "straße")]
    [InlineData("Łódź", "lodz")]
    [InlineData("İstanbul", "istanbul")]
    [InlineData("ısı", "ISI")]
    [InlineData("ΟΔΥΣΣΕΥΣ", "οδυσσεύς")]
    [InlineData("ﬁnance", "finance")]
    [InlineData("ＡＢＣ", "abc")]
    [InlineData("soft\u00ADware", "software")]
    [InlineData("Ёлка", "елка")]
    [InlineData("שָׁלוֹם", "שלום")]
    [InlineData("مُحَمَّد", "محمد")]
    [InlineData("हिन्दी भाषा", "हिन्दी")]
    // Scripts without spaces: any part.
    [InlineData("会議の記録", "会議")]
    [InlineData("会議の記録", "記録")]
    [InlineData("会議の記録", "議の記")]
    [InlineData("会議の記録", "会")]
    [InlineData("会議の記録", "録")]
    [InlineData("会議の記録.txt", "録.txt")]
    [InlineData("明日の会議について", "会議に")]
    [InlineData("2024年の報告", "2024")]
    [InlineData("abc会議def", "def")]
    [InlineData("ガギグ", "ｶﾞｷﾞ")]
    [InlineData("ภาษาไทยวันนี้", "ไทย")]
    [InlineData("주간회의를 시작", "회의")]
    [InlineData("𠮷野家", "𠮷野")]
    // Operators.
    [InlineData("milk and bread", "\"milk and\"")]
    [InlineData("milk and bread", "\"milk and")]
    [InlineData("milk and bread", "milk -butter")]
    [InlineData("milk and bread", "butter or bread")]
    [InlineData("milk and bread", "butter or \"and bread\"")]
    [InlineData("the oranges", "or")]
    [InlineData("the oranges", "the or")]
    [InlineData("alpha beta", "alpha - beta")]
    [InlineData("alpha beta", "alpha & | ! :* beta")]
    [InlineData("well-known", "well-known")]
    public async Task Search_finds_text(string text, string query)
    {
        (await IsFoundAsync(text, query)).ShouldBe(true);
    }

    [Theory]
    [InlineData("quarterly", "arterly")]
    [InlineData("quarterly", "\"quart\"")]
    [InlineData("quarterly", "quarterlyx")]
    [InlineData("beta alpha", "alpha/beta")]
    [InlineData("com example", "example.com")]
    [InlineData("milk and bread", "milk -bread")]
    [InlineData("milk and bread", "-\"milk and\"")]
    [InlineData("milk and bread", "\"bread and\"")]
    [InlineData("milk and bread", "butter or cheese")]
    [InlineData("会議の記録", "録会")]
    [InlineData("会議の記録", "会の")]
    [InlineData("会 議", "会議")]
    [InlineData("かき", "がき")]
    [InlineData("cats", "-cats")]
    public async Task Search_does_not_find_text(string text, string query)
    {
        (await IsFoundAsync(text, query)).ShouldNotBe(true);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("-")]
    [InlineData("\"")]
    [InlineData("\"\"")]
    [InlineData("...")]
    [InlineData("🎉")]
    [InlineData("\u0301")]
    [InlineData("' & | ! ( ) : * < > \\")]
    public async Task Search_without_words_finds_nothing(string query)
    {
        foreach (var text in new[] { "", "-", "text", "🎉", query })
            (await IsFoundAsync(text, query)).ShouldNotBe(true, text);
    }

    /// <summary>A word is found by each of its beginnings, however a person gets there.</summary>
    [Theory]
    [InlineData("quarterly")]
    [InlineData("Überraschung")]
    [InlineData("bob.o'hara+news@mail.example.com")]
    [InlineData("report-2024_final(2).pdf")]
    [InlineData("会議の記録と報告書")]
    [InlineData("naïve—résumé")]
    [InlineData("東京2024オリンピックABC")]
    public async Task Search_as_one_types_finds_text_at_every_letter(string text)
    {
        for (var length = 1; length <= text.Length; length++)
            (await IsFoundAsync($"before {text} after", text[..length])).ShouldBe(true, text[..length]);
    }

    /// <summary>No input is an error or search syntax, and what is stored is found by itself.</summary>
    [Fact]
    public async Task Search_for_a_stored_text_finds_it_whatever_it_contains()
    {
        string[] parts =
        [
            .. "a B 1 é e\u0301 ß 会 議 の ガ ไ ย 회 𠮷 ' \" - & | ! ( ) : * < > \\ / . @ _ % 🎉 \u00AD \u200B ﷺ ½ \t".Split(
                ' '
            ),
            " ",
            "or",
        ];
        var random = new Random(7);
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        for (var round = 0; round < 1500; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.GetItems(parts, 1)[0]));
            await using var command = new NpgsqlCommand(
                """
                SELECT numnode(app.search_phrase($1, true)) IS NULL OR app.search_vector('x ' || $1 || ' y')
                    @@ app.search_phrase($1, true), app.search_phrase($1, false) IS NULL
                    OR app.search_vector($1) @@ app.search_phrase($1, false), app.search_query($1)
                """,
                connection
            )
            {
                Parameters = { new() { Value = text } },
            };
            await using var reader = await command.ExecuteReaderAsync(Cancellation);
            await reader.ReadAsync(Cancellation);
            (reader.GetBoolean(0), reader.GetBoolean(1)).ShouldBe((true, true), text);
        }
    }

    /// <summary>A vector has at most 1 MB, and a text of pairs of letters needs the most.</summary>
    [Fact]
    public async Task Longest_notes_of_any_script_can_be_stored_and_found()
    {
        var random = new Random(3);
        await using var db = database.Connect();
        var ada = await db.AddUserAsync("ada");
        foreach (
            var letter in new Func<string>[]
            {
                () => ((char)random.Next(0x4E00, 0x9FA0)).ToString(),
                () => char.ConvertFromUtf32(random.Next(0x20000, 0x2A000)),
                () => ((char)random.Next(0x0905, 0x0939)).ToString() + (random.Next(3) == 0 ? " " : ""),
                () => "ﷺ",
                () => "a",
            }
        )
        {
            var body = new StringBuilder();
            while (body.Length < Note.BodyLength - 2)
                body.Append(letter());
            db.Notes.Add(
                new()
                {
                    OwnerId = ada.Id,
                    Title = "会議 " + body.ToString(0, Note.TitleLength - 4),
                    Body = body.ToString(),
                    CreatedAt = DateTimeOffset.UnixEpoch,
                    UpdatedAt = DateTimeOffset.UnixEpoch,
                }
            );
            await db.SaveChangesAsync(Cancellation);
        }
        (
            await database.ExecuteAsync("SELECT count(*) FROM app.notes WHERE words @@ app.search_query('会議')")
        ).ShouldBe(5L);
    }

    async Task<object?> IsFoundAsync(string text, string query)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        await using var command = new NpgsqlCommand("SELECT app.search_vector($1) @@ app.search_query($2)", connection)
        {
            Parameters =
            {
                new() { Value = text },
                new() { Value = query },
            },
        };
        return await command.ExecuteScalarAsync(Cancellation);
    }

    public sealed class SearchDatabase(PostgresServer server) : IAsyncLifetime
    {
        public TestDatabase Database { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Database = await server.CreateDatabaseAsync();

        public ValueTask DisposeAsync() => Database.DisposeAsync();
    }
}
