using System.Buffers.Text;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api;

/// <summary>The query parameters of a list in order of time.</summary>
public sealed record TimePageQuery : IValidatableObject
{
    /// <summary>The default page size.</summary>
    internal const int DefaultLimit = 20;

    /// <summary>The page size.</summary>
    [Range(1, 100, ErrorMessage = "Must be between {1} and {2}.")]
    [DefaultValue(DefaultLimit)]
    [Description("The number of items per page.")]
    public int? Limit { get; init; }

    /// <summary>The cursor of the page.</summary>
    [Description("The cursor of the page: `next` of the previous page.")]
    public string? After { get; init; }

    /// <summary>The page size, or the default.</summary>
    internal int Size => Limit ?? DefaultLimit;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!string.IsNullOrEmpty(After) && TimeCursor.Parse(After) is null)
            yield return new("Not a cursor of a previous page.", [nameof(After)]);
    }

    /// <summary>The rows of the page by creation, oldest first, and one more if there is a next page.</summary>
    /// <param name="rows">Rows with the properties <c>CreatedAt</c> and <c>Id</c>.</param>
    internal IQueryable<T> OldestFirst<T>(IQueryable<T> rows)
        where T : class
    {
        if (TimeCursor.Parse(After) is var (createdAt, id))
            rows = rows.Where(row =>
                EF.Functions.GreaterThan(
                    ValueTuple.Create(EF.Property<DateTimeOffset>(row, "CreatedAt"), EF.Property<Guid>(row, "Id")),
                    ValueTuple.Create(createdAt, id)
                )
            );
        return rows.OrderBy(row => EF.Property<DateTimeOffset>(row, "CreatedAt"))
            .ThenBy(row => EF.Property<Guid>(row, "Id"))
            .Take(Size + 1);
    }

    /// <summary>
    /// The cursor of the next page, which the <c>Link</c> header gets too; null on the last page.
    /// </summary>
    /// <param name="http">The request.</param>
    /// <param name="rows">The rows of the page, and one more if there is a next page.</param>
    /// <param name="cursor">The cursor of a row.</param>
    internal string? Next<T>(HttpContext http, IReadOnlyList<T> rows, Func<T, TimeCursor> cursor)
    {
        var next = rows.Count > Size ? cursor(rows[Size - 1]).ToString() : null;
        NextPage.Link(http, next);
        return next;
    }
}

/// <summary>The last row of a page in order of time.</summary>
sealed record TimeCursor(DateTimeOffset At, Guid Id)
{
    const int MaxLength = 100;

    public override string ToString() =>
        Base64Url.EncodeToString(
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{At.UtcTicks}.{Id:N}"))
        );

    /// <summary>Parses a cursor; null if the text is not one.</summary>
    public static TimeCursor? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength || !Base64Url.IsValid(text))
            return null;
        var parts = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(text)).Split('.');
        return
            parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            && ticks <= DateTimeOffset.MaxValue.UtcTicks
            && Guid.TryParseExact(parts[1], "N", out var id)
            ? new TimeCursor(new DateTimeOffset(ticks, TimeSpan.Zero), id)
            : null;
    }
}
