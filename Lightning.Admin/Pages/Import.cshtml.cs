using Lightning.Admin.Exports;
using Lightning.Admin.Registrations;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Pages;

/// <summary>Makes rows of a file: first on trial, so that every fault is seen before anything is kept.</summary>
public sealed class ImportModel(AdminRequest request) : AdminPage(request)
{
    /// <summary>The file's text, carried from the trial to the import.</summary>
    public string Text { get; private set; } = "";

    /// <summary>How many rows it has; null before a trial.</summary>
    public int? Count { get; private set; }

    /// <summary>What is wrong, by row.</summary>
    public IReadOnlyList<(int Row, string Field, string Fault)> Faults { get; private set; } = [];

    /// <summary>The first rows, by field.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Preview { get; private set; } = [];

    /// <summary>Asks for a file.</summary>
    public IActionResult OnGet([FromRoute] string list) => Opens(list) && CanCreate ? Page() : NotFound();

    /// <summary>Tries it, or does it.</summary>
    public async Task<IActionResult> OnPostAsync([FromRoute] string list, IFormFile? file, string? text, string? sure)
    {
        if (!Opens(list)) return NotFound();
        if (!CanCreate) return StatusCode(StatusCodes.Status403Forbidden);
        var given = file is null ? text ?? "" : await CsvText.ReadAsync(file.OpenReadStream());
        Text = given ?? "";
        var (rows, fault) = given is null ? ([], "This is no text in UTF-8, and some letters would be lost: save it as \"CSV UTF-8\".") : CsvText.Read(Text);
        if (fault is null && rows.Count == 0) fault = "There is no row in it: give a first line with the fields' names, and a line a row.";
        (Count, Preview) = (rows.Count, [.. rows.Take(10)]);
        Faults = fault is not null ? [(0, "", fault)] : await Rows.ImportAsync(rows, trial: sure != "yes");
        if (Faults.Count > 0) return Again();
        return sure == "yes" ? SeeOther($"/{Registration.Slug}?done=imported&count={rows.Count}") : Page();
    }
}
