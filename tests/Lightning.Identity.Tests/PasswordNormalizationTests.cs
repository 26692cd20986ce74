using System.Globalization;
using System.Net;
using ICU4N.Text;
using Lightning.Data.Accounts;
using Lightning.Identity.Passwords;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Tests;

/// <summary>A password is the same whatever keyboard or system it is typed with (NIST SP 800-63B, 3.1.1.2).</summary>
public sealed class PasswordNormalizationTests(IdentityWithWorkCounters identity)
    : IClassFixture<IdentityWithWorkCounters>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Two ways to type a password, and its normalized form.</summary>
    public static TheoryData<string, string, string> SamePasswords =>
        new()
        {
            { "Zoë und die Öltür", "Zoe\u0308 und die O\u0308ltu\u0308r", "Zoë und die Öltür" },
            { "correct horse \uFB01sh", "correct horse fish", "correct horse fish" },
            { "ｃｏｒｒｅｃｔ horse", "correct\u3000horse", "correct horse" },
            { "한국어 비밀번호", Normalizer2.NFDInstance.Normalize("한국어 비밀번호"), "한국어 비밀번호" },
            { "\u1E9B\u0323 wonderful", "\u1E69 wonderful", "\u1E69 wonderful" },
            { "width 10 k\u2126 horse", "width 10 k\u03A9 horse", "width 10 k\u03A9 horse" },
        };

    [Theory, MemberData(nameof(SamePasswords))]
    public void Normalize_IsNfkc(string first, string second, string normalized)
    {
        PasswordPolicy.Normalize(first).ShouldBe(normalized);
        PasswordPolicy.Normalize(second).ShouldBe(normalized);
        PasswordPolicy.Normalize(normalized).ShouldBe(normalized);
        PasswordPolicy.Normalize("unpaired \uD83D").ShouldBe("unpaired \uD83D");
        CultureInfo.CurrentCulture.Name.ShouldBe("");
    }

    [Theory, MemberData(nameof(SamePasswords))]
    public async Task Password_ChosenOneWay_SignsInTheOther(string first, string second, string normalized)
    {
        var (user, visitor) = await identity.SignedInAsync($"p{Guid.NewGuid():N}");
        using var changed = await visitor.SubmitAsync(
            "/account/change-password",
            ("Current", IdentityUnderTest.Password),
            ("Password", first)
        );
        changed.Headers.Location!.ToString().ShouldBe("/account?done=password");

        foreach (var typed in new[] { first, second, normalized })
            (await identity.Visitor().SignInAsync(user.Email, typed)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.Visitor().SignInAsync(user.Email, normalized + "x")).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var again = await visitor.SubmitAsync(
            "/account/change-password",
            ("Current", second),
            ("Password", "another set of words")
        );
        again.Headers.Location!.ToString().ShouldBe("/account?done=password");
    }

    [Theory]
    [InlineData("Zoe\u0308 und die O\u0308ltu\u0308r")]
    [InlineData("ｃｏｒｒｅｃｔ horse")]
    public async Task OldHash_OfThePasswordAsTyped_SignsInAndIsHashedAgain(string typed)
    {
        var normalized = PasswordPolicy.Normalize(typed);
        var user = await WithHashAsync(typed);
        // Only who types it as before is known to be the owner.
        (await identity.Visitor().SignInAsync(user.Email, normalized)).StatusCode.ShouldBe(HttpStatusCode.OK);

        using var signedIn = await identity.Visitor().SignInAsync(user.Email, typed);

        signedIn.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        var hash = await HashAsync(user.Id);
        Hasher.VerifyHashedPassword(new(), hash, normalized).ShouldBe(PasswordVerificationResult.Success);
        (await identity.Visitor().SignInAsync(user.Email, normalized)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.Visitor().SignInAsync(user.Email, typed)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await HashAsync(user.Id)).ShouldBe(hash, "once is enough");
    }

    [Theory]
    [InlineData("correct horse battery", 1)]
    [InlineData("Zoë und die Öltür", 1)]
    [InlineData("Zoe\u0308 und die O\u0308ltu\u0308r", 2)]
    [InlineData("ｗｒｏｎｇ password", 2)]
    public async Task SignIn_Work_DependsOnThePasswordOnly(string typed, int hashes)
    {
        var withOther = await WithHashAsync("something else entirely");
        var withSame = await WithHashAsync(PasswordPolicy.Normalize(typed));
        var withoutPassword = await WithHashAsync(null);
        // The first use makes the hash that unknown accounts are compared with.
        await identity.Visitor().SignInAsync("nobody@example.com", "any password");

        foreach (var address in new[] { "nobody@example.com", withOther.Email, withSame.Email, withoutPassword.Email })
        {
            var before = identity.Hashes;
            await identity.Visitor().SignInAsync(address, typed);
            (identity.Hashes - before).ShouldBe(hashes, address);
        }
    }

    [Theory]
    [InlineData("ｐａｓｓｗｏｒｄ１", "most common")]
    [InlineData("\uFF50assword1", "most common")]
    [InlineData("e\u0301e\u0301e\u0301e\u0301", "Use at least 8")]
    [InlineData("ﷺﷺﷺﷺﷺﷺﷺﷺ", "Use at most 128")]
    public void Policy_ChecksTheNormalizedForm(string password, string error) =>
        PasswordPolicy.Validate(password, "ada@example.com", "Ada").ShouldNotBeNull().ShouldContain(error);

    [Fact]
    public async Task Policy_LengthCountsTheNormalizedForm()
    {
        var longest = string.Concat(Enumerable.Range(0, 128).Select(i => "äöüé"[i % 4]));
        var decomposed = Normalizer2.NFDInstance.Normalize(longest);
        var user = await WithHashAsync(longest);

        PasswordPolicy.Validate(decomposed, "ada@example.com", "Ada").ShouldBeNull();
        PasswordPolicy.Validate(decomposed + "x", "ada@example.com", "Ada").ShouldBe("Use at most 128 characters.");
        (await identity.Visitor().SignInAsync(user.Email, decomposed)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        using var refused = await identity.Visitor().SignInAsync(user.Email, decomposed + "x");
        (await refused.Content.ReadAsStringAsync(Cancellation)).ShouldContain("This password is too long.");
        using var huge = await identity.Visitor().SignInAsync(user.Email, new string('\uFDFA', 100_000));
        (await huge.Content.ReadAsStringAsync(Cancellation)).ShouldContain("This password is too long.");
    }

    static PasswordHasher<Account> Hasher =>
        new(Options.Create(new PasswordHasherOptions { IterationCount = PasswordHashing.Iterations }));

    /// <summary>An account whose password was hashed as it was typed, as earlier versions did.</summary>
    async Task<Data.Users.User> WithHashAsync(string? password)
    {
        var user = await identity.AddAccountAsync($"p{Guid.NewGuid():N}");
        var hash = password is null ? null : Hasher.HashPassword(new(), password);
        await using var db = identity.Database.Connect();
        await db
            .Accounts.Where(account => account.Id == user.Id)
            .ExecuteUpdateAsync(update => update.SetProperty(account => account.PasswordHash, hash), Cancellation);
        return user;
    }

    async Task<string> HashAsync(Guid id)
    {
        await using var db = identity.Database.Connect();
        return (await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == id, Cancellation)).PasswordHash!;
    }
}
