using System.Text;

namespace Lightning.ServiceDefaults.Tests;

/// <summary>
/// Addresses as people type and paste them. The tests run with invariant globalization, as production does.
/// </summary>
public class EmailAddressTests
{
    [Theory]
    [InlineData("ada@example.com", "ada@example.com")]
    [InlineData("Ada.Lovelace+notes@Example.COM", "Ada.Lovelace+notes@example.com")]
    [InlineData("  ada@example.com\r\n", "ada@example.com")]
    [InlineData("\u00A0ada@example.com\u2003", "ada@example.com")]
    [InlineData("\uFEFFada@example.com", "ada@example.com")]
    [InlineData("ada\u200B@exam\u00ADple.com", "ada@example.com")]
    [InlineData("\u202Aada@example.com\u202C", "ada@example.com")]
    [InlineData("a\u200Dda@exa\u200Cmple.com", "ada@example.com")]
    [InlineData("Ada <ada@example.com>", "ada@example.com")]
    [InlineData("\"Lovelace, Ada\" < ada@example.com >", "ada@example.com")]
    [InlineData("Lovelace, Ada <ada@example.com>", "ada@example.com")]
    [InlineData("ada@example.com <ada@example.com>", "ada@example.com")]
    [InlineData("<ada@example.com>", "ada@example.com")]
    [InlineData("Zoë Müller <zoe@example.com>", "zoe@example.com")]
    [InlineData("ada@bücher.example", "ada@xn--bcher-kva.example")]
    [InlineData("ada@BÜCHER.example", "ada@xn--bcher-kva.example")]
    [InlineData("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example")]
    [InlineData("ada@BU\u0308CHER.example", "ada@xn--bcher-kva.example")]
    [InlineData("ada@ｂücher.example", "ada@xn--bcher-kva.example")]
    [InlineData("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example")]
    [InlineData("ada@straße.example", "ada@xn--strae-oqa.example")]
    [InlineData("ada@ПРИМЕР.рф", "ada@xn--e1afmkfd.xn--p1ai")]
    [InlineData("ada@例え。jp", "ada@xn--r8jz45g.jp")]
    [InlineData("ada@ΣΊΣΥΦΟΣ.example", "ada@xn--kxa6akbbkh.example")]
    [InlineData("ada@اختبار.example", "ada@xn--mgbachtv.example")]
    [InlineData("ada@example.com.", "ada@example.com")]
    [InlineData("ada@localhost", "ada@localhost")]
    [InlineData("ada@r3---sn.example", "ada@r3---sn.example")]
    [InlineData("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com")]
    public void Address_IsTakenOutAndNormalized(string text, string expected)
    {
        EmailAddress.TryParse(text, out var address, out var error).ShouldBeTrue(error);

        address.ShouldBe(expected);
        EmailAddress.Normalize(text).ShouldBe(expected);
        EmailAddress.Normalize(expected).ShouldBe(expected);
    }

    [Theory]
    [InlineData(null, "such as ada@example.com")]
    [InlineData("", "such as ada@example.com")]
    [InlineData("   ", "such as ada@example.com")]
    [InlineData("nonsense", "such as ada@example.com")]
    [InlineData("@example.com", "such as ada@example.com")]
    [InlineData("ada@", "must be a domain")]
    [InlineData("ada@@example.com", "such as ada@example.com")]
    [InlineData("ada@work@example.com", "such as ada@example.com")]
    [InlineData(".ada@example.com", "such as ada@example.com")]
    [InlineData("ada.@example.com", "such as ada@example.com")]
    [InlineData("a..da@example.com", "such as ada@example.com")]
    [InlineData("a da@example.com", "such as ada@example.com")]
    [InlineData("\"a da\"@example.com", "such as ada@example.com")]
    [InlineData("ada(comment)@example.com", "such as ada@example.com")]
    [InlineData("ada\0@example.com", "such as ada@example.com")]
    [InlineData("ada\r\nBcc: eve@example.com", "such as ada@example.com")]
    [InlineData("ada@example.com, bob@example.com", "such as ada@example.com")]
    [InlineData("ada@example.com;bob@example.com", "such as ada@example.com")]
    [InlineData("bob@example.com, Ada <ada@example.com>", "such as ada@example.com")]
    [InlineData("Bob <bob@example.com>, Ada <ada@example.com>", "such as ada@example.com")]
    [InlineData("Ada ada@example.com>", "such as ada@example.com")]
    [InlineData("Ada <ada@example.com", "such as ada@example.com")]
    [InlineData("zoë@example.com", "without accents")]
    [InlineData("аda@example.com", "without accents")]
    [InlineData("用户@example.com", "without accents")]
    [InlineData("ada\uD800@example.com", "without accents")]
    [InlineData("ada@exam ple.com", "must be a domain")]
    [InlineData("ada@exam_ple.com", "must be a domain")]
    [InlineData("ada@-example.com", "must be a domain")]
    [InlineData("ada@example-.com", "must be a domain")]
    [InlineData("ada@example..com", "must be a domain")]
    [InlineData("ada@.example.com", "must be a domain")]
    [InlineData("ada@.", "must be a domain")]
    [InlineData("ada@[192.0.2.1]", "must be a domain")]
    [InlineData("ada@xn--bcher-2pa.example", "must be a domain")]
    [InlineData("ada@xn--\u00FC.example", "must be a domain")]
    [InlineData("ada@exa\uD800mple.com", "must be a domain")]
    [InlineData("ada@ex\u2100ample.com", "must be a domain")]
    public void Invalid_IsRefusedWithAReason(string? text, string reason)
    {
        EmailAddress.TryParse(text, out _, out var error).ShouldBeFalse();

        error.ShouldContain(reason);
        EmailAddress.Normalize(text).ShouldBe(text);
    }

    [Theory]
    [InlineData(64, 189, true)]
    [InlineData(65, 100, false)]
    [InlineData(64, 190, false)]
    [InlineData(1, 252, true)]
    [InlineData(1, 253, false)]
    public void Length_IsThatOfSmtp(int localPart, int domain, bool isValid)
    {
        // Labels of ten letters.
        var name = string.Concat(Enumerable.Range(1, domain).Select(i => i % 11 == 0 && i < domain ? '.' : 'b'));
        var text = $"{new string('a', localPart)}@{name}";

        EmailAddress.TryParse(text, out _, out _).ShouldBe(isValid, text);
    }

    [Fact]
    public void LongText_IsRefusedQuickly() =>
        EmailAddress.TryParse($"{new string('ü', 10_000_000)}@example.com", out _, out _).ShouldBeFalse();

    /// <summary>Pieces that tempt a parser.</summary>
    static readonly string[] Pieces =
    [
        .. "abzABZ019.-_+@<>\"'(),;: \t\r\n\0\\/[]".Select(letter => letter.ToString()),
        .. new[]
        {
            "ü",
            "Ü",
            "u\u0308",
            "ß",
            "ς",
            "İ",
            "ı",
            "K",
            "ﬁ",
            "ａ",
            "。",
            "．",
            "＠",
            "例",
            "ا",
            "١",
            "😀",
            "\uD800",
        },
        .. new[] { "\u200B", "\u200C", "\u200D", "\u00AD", "\u202E", "\uFEFF", "\u2060", "\u00A0", "\u2028", "\uFE0F" },
        .. new[] { "xn--", "XN--", "bcher-kva", "example", ".com", "@example.com", "ada@", "Ada <", ">", "--" },
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AnyText_IsParsedTwiceLikeOnce(int seed)
    {
        var random = new Random(seed);
        var valid = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var text = new StringBuilder();
            foreach (var piece in random.GetItems(Pieces, random.Next(1, 9)))
                text.Append(piece);
            if (round % 2 == 0)
                text.Append("@example.com");
            if (!EmailAddress.TryParse(text.ToString(), out var address, out var error))
            {
                error.ShouldNotBeNullOrEmpty();
                continue;
            }
            valid++;
            ShouldBeDeliverable(address, text.ToString());
            EmailAddress.Normalize(address).ShouldBe(address);
            // Nothing that people cannot see changes who it is.
            EmailAddress.Normalize($" \u200B{address}\uFEFF\r\n").ShouldBe(address);
            EmailAddress.Normalize($"Any Name <{address}>").ShouldBe(address);
            EmailAddress.Normalize(address.ToUpperInvariant()).ShouldBe(address, StringCompareShould.IgnoreCase);
        }
        valid.ShouldBeGreaterThan(200);
    }

    /// <summary>As SMTP without extensions carries it (RFC 5321, 4.1.2).</summary>
    static void ShouldBeDeliverable(string address, string text)
    {
        address.Length.ShouldBeLessThanOrEqualTo(EmailAddress.MaxLength);
        address.All(letter => letter is > ' ' and < '\x7f').ShouldBeTrue(text);
        System.Net.Mail.MailAddress.TryCreate(address, out var known).ShouldBeTrue(address);
        known!.Address.ShouldBe(address);
        known.Host.ShouldBe(known.Host.ToLowerInvariant());
        known.DisplayName.ShouldBeEmpty();
    }
}
