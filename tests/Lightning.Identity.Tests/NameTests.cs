using System.Net;
using Lightning.Sessions.Providers;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>Names: which are accepted, and how their owner changes them.</summary>
public sealed class NameTests(IdentityWithUpstream identity) : IClassFixture<IdentityWithUpstream>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Accepted =>
        [
            "Ada",
            "Ada Lovelace",
            "李小龍",
            "محمد",
            "Zoë",
            "Zoe\u0308",
            "🦊",
            "👩\u200D💻",
            "5",
            "O’Neil-Smith Jr.",
            "क\u094Dष",
            "\u200Fمحمد",
            new string('x', 100),
        ];

    /// <summary>Invalid names, and what cleaning makes of them.</summary>
    public static TheoryData<string, string> Refused =>
        new()
        {
            { " ", "" },
            { "\u00A0\u2003", "" },
            { "\u200B\u200D\uFEFF", "" },
            { "\u3164", "" },
            { "\u115F\u1160\uFFA0", "" },
            { "\u2800", "" },
            { "\u0301", "" },
            { "\uE000", "" },
            { "\u00AD", "" },
            { "Ada\nAdmin", "Ada Admin" },
            { "Ada\r\nBcc: x", "Ada Bcc: x" },
            { "Ada\u0000", "Ada" },
            { "\u0007Ada", "Ada" },
            { "Ada\u007F", "Ada" },
            { "Ada\u0085x", "Ada x" },
            { "Ada\u2028x", "Ada x" },
            { "Ada\u2029x", "Ada x" },
            { "Ada \u202Enimda", "Ada nimda" },
            { "\u202AAda", "Ada" },
            { "\u202BAda\u202C", "Ada" },
            { "\u202DAda", "Ada" },
            { "\u2066Ada\u2069", "Ada" },
            { "\u2067Ada", "Ada" },
            { "\u2068Ada", "Ada" },
            { new string('x', 101), new string('x', 100) },
            { new string('x', 99) + "🦊", new string('x', 99) },
        };

    [Theory, MemberData(nameof(Accepted))]
    public void Name_Valid_IsAcceptedAndKept(string name)
    {
        PersonName.Validate(name).ShouldBeNull();
        PersonName.Clean(name).ShouldBe(name);
    }

    [Theory, MemberData(nameof(Refused))]
    public void Name_Invalid_IsRefusedOrCleaned(string name, string clean)
    {
        PersonName.Validate(name).ShouldNotBeNull();
        PersonName.Clean(name).ShouldBe(clean);
        if (clean.Length > 0)
            PersonName.Validate(clean).ShouldBeNull();
    }

    [Fact]
    public void Name_UnpairedSurrogate_IsRefusedOrCleaned()
    {
        foreach (var name in new[] { "Ada\uD83D", "\uDE00Ada", "A\uD83Dda" })
        {
            PersonName.Validate(name).ShouldNotBeNull();
            PersonName.Clean(name).ShouldBe("Ada");
        }
    }

    [Theory, MemberData(nameof(Refused))]
    public async Task Forms_InvalidName_ShowTheError(string name, string clean)
    {
        _ = clean;
        var address = $"n{Guid.NewGuid():N}@example.com";
        var (user, visitor) = await identity.SignedInAsync($"n{Guid.NewGuid():N}");
        using var registered = await identity
            .Visitor()
            .SubmitAsync("/account/register", ("Name", name), ("Email", address));
        using var changed = await visitor.SubmitAsync("/account/name", ("Name", name));

        foreach (var response in new[] { registered, changed })
        {
            // A form with a NUL is refused before it is read.
            if (name.Contains('\0', StringComparison.Ordinal))
            {
                response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
                continue;
            }
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await response.Content.ReadAsStringAsync(Cancellation)).ShouldMatch("id=\"name-error\"[^>]*>[^<]+<");
        }
        (await identity.MailsAsync(address)).ShouldBeEmpty();
        (await NamesAsync(user.Id)).ShouldBe((user.Name, user.Name));
    }

    [Theory]
    [InlineData("Ada Lovelace")]
    [InlineData("  李小龍 ")]
    public async Task Name_ChangedByOwner_IsChangedEverywhere(string name)
    {
        var (user, visitor) = await identity.SignedInAsync($"n{Guid.NewGuid():N}");
        (await visitor.ReadAsync("/account")).ShouldContain("href=\"/account/name\"");

        using var changed = await visitor.SubmitAsync("/account/name", ("Name", name));

        changed.Headers.Location!.ToString().ShouldBe("/account?done=name");
        (await NamesAsync(user.Id)).ShouldBe((name.Trim(), name.Trim()));
        (await visitor.ReadAsync("/account?done=name")).ShouldContain("Your name was changed.");
        // The next ID token has it.
        var tokens = await identity.Bff(visitor).TokensAsync();
        new Claims(tokens["id_token"]!)["name"].ShouldBe(name.Trim());
        (await identity.AuditAsync(user.Id)).ShouldContain("name-changed");
    }

    [Fact]
    public async Task Name_Unchanged_IsNotRecorded()
    {
        var (user, visitor) = await identity.SignedInAsync($"n{Guid.NewGuid():N}");

        using var response = await visitor.SubmitAsync("/account/name", ("Name", user.Name));

        response.Headers.Location!.ToString().ShouldBe("/account?done=name");
        (await identity.AuditAsync(user.Id)).ShouldNotContain("name-changed");
    }

    [Theory]
    [InlineData("Ada \u202Enimda", "Ada nimda")]
    [InlineData("Ada\nAdmin", "Ada Admin")]
    public async Task UpstreamName_Invalid_IsCleaned(string name, string clean)
    {
        var address = $"n{Guid.NewGuid():N}@example.org";
        IdentityWithUpstream.Newcomer(identity.Upstream, address);
        var claims = identity.Upstream.IdToken;
        identity.Upstream.IdToken = token =>
        {
            claims(token);
            token["name"] = name;
        };

        await identity.ArriveAsync();

        await using var db = identity.Database.Connect();
        (await db.Users.SingleAsync(user => user.Email == address, Cancellation)).Name.ShouldBe(clean);
    }

    async Task<(string, string)> NamesAsync(Guid id)
    {
        await using var db = identity.Database.Connect();
        return (
            (await db.Users.AsNoTracking().SingleAsync(user => user.Id == id, Cancellation)).Name,
            (await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == id, Cancellation)).Name
        );
    }
}
