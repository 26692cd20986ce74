namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>A page: what it shows once, and the parts of it that change while one looks.</summary>
interface IView
{
    string Title { get; }

    /// <summary>Which entry of the navigation it belongs to.</summary>
    string Tab { get; }

    /// <summary>Grows whenever its parts may have changed.</summary>
    long Version { get; }

    /// <summary>Everything around the parts; each is put where its rows belong.</summary>
    Html Frame(Func<string, Html> rowsOf);

    /// <summary>The parts as they are now.</summary>
    IEnumerable<Part> Parts();
}

/// <summary>Rows of a page that change. The element that holds them bears <c>data-part</c>, and each row an id made of the part's and its own.</summary>
sealed record Part(string Id, IReadOnlyList<Row> Rows);

/// <summary>One row; its HTML is a single element.</summary>
readonly record struct Row(string Key, Html Html);
