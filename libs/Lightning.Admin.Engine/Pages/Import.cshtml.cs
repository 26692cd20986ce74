using Lightning.Admin.Engine.Exports;
using Lightning.Admin.Engine.Registrations;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Engine.Pages;

/// <summary>Imports rows from a CSV file, after a trial run that shows all errors.</summary>
public sealed class ImportModel(AdminRequest request) : AdminPage(request)
{
    /// <summary>The file's text, passed from the trial to the import.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The number of rows; null before the trial.</summary>
    public int? Count { get; private set; }

    /// <summary>The errors by row; row 0 stands for the file.</summary>
    public IReadOnlyList<(int Row, string Field, string Error)> Errors { get; private set; } = [];

    /// <summary>The first rows, by field.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Preview { get; private set; } = [];

    /// <summary>Shows the upload form.</summary>
    public IActionResult OnGet([FromRoute] string list) => TryOpen(list) && CanCreate ? Page() : NotFound();

    /// <summary>Whether the file was uploaded but not checked yet.</summary>
    public bool IsUploaded { get; private set; }

    /// <summary>
    /// Keeps the file if the antiforgery token is no longer valid, and neither checks nor imports it.
    /// </summary>
    public async Task<IActionResult> OnPostStaleAsync([FromRoute] string list, IFormFile? file, string? text)
    {
        if (!TryOpen(list) || !CanCreate)
            return NotFound();
        Text = (file is null ? text : await CsvText.ReadAsync(file.OpenReadStream())) ?? "";
        IsUploaded = Text.Length > 0;
        return Page();
    }

    /// <summary>Runs the trial or the import.</summary>
    public async Task<IActionResult> OnPostAsync([FromRoute] string list, IFormFile? file, string? text, string? sure)
    {
        if (!TryOpen(list))
            return NotFound();
        if (!CanCreate)
            return StatusCode(StatusCodes.Status403Forbidden);
        var given = file is null ? text ?? "" : await CsvText.ReadAsync(file.OpenReadStream());
        Text = given ?? "";
        var (rows, error) = given is null
            ? ([], "This file is not UTF-8 text: save it as \"CSV UTF-8\".")
            : CsvText.Read(Text);
        if (error is null && rows.Count == 0)
            error = "The file has no rows: it needs a header line with field names and one line per row.";
        (Count, Preview) = (rows.Count, [.. rows.Take(10)]);
        Errors = error is not null ? [(0, "", error)] : await Rows.ImportAsync(rows, trial: sure != "yes");
        if (Errors.Count > 0)
            return Again();
        return sure == "yes" ? SeeOther($"/{Registration.Slug}?done=imported&count={rows.Count}") : Page();
    }
}
