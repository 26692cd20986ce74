using Lightning.Admin.Engine.Drafts;
using Lightning.Admin.Engine.Exports;
using Lightning.Admin.Engine.Registrations;
using Microsoft.AspNetCore.Mvc;

namespace Lightning.Admin.Engine.Pages;

/// <summary>Imports rows from a CSV or JSON file, after a trial run that shows all errors.</summary>
[KeepsForm]
[RequestFormLimits(
    ValueLengthLimit = ImportFile.MaxRequestBytes,
    MultipartBodyLengthLimit = ImportFile.MaxRequestBytes
)]
[FormLimit(
    ImportFile.MaxRequestBytes,
    "The file is too large: it can have at most 1,000 rows and 2 MB. Nothing was imported."
)]
public sealed class ImportModel(AdminRequest request, IFormDrafts drafts) : AdminPage(request)
{
    /// <summary>The file in base64, passed from the trial to the import: a form would change its line breaks.</summary>
    public string Data { get; private set; } = "";

    /// <summary>The number of rows; null before the trial.</summary>
    public int? Count { get; private set; }

    /// <summary>The errors by row; row 0 stands for the file.</summary>
    public IReadOnlyList<(int Row, string Field, string Error)> Errors { get; private set; } = [];

    /// <summary>The first rows, by field.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Preview { get; private set; } = [];

    /// <summary>The file's columns that are not imported, because no form writes them.</summary>
    public IReadOnlyList<string> Ignored { get; private set; } = [];

    /// <summary>The fields that the file does not have, so that new rows get the default.</summary>
    public IReadOnlyList<string> Missing { get; private set; } = [];

    /// <summary>The form that was posted before the user signed in again; null if there is none.</summary>
    public FormDraft? Draft { get; private set; }

    /// <summary>Whether the file was uploaded but not checked yet.</summary>
    public bool IsUploaded { get; private set; }

    /// <summary>Shows the upload form, or what the file that was posted before signing in again would do.</summary>
    public async Task<IActionResult> OnGetAsync([FromRoute] string list, CancellationToken cancellationToken)
    {
        if (!TryOpen(list) || !CanCreate)
            return NotFound();
        Draft = await drafts.FindAsync(HttpContext, cancellationToken);
        if (Draft is not { IsKept: true })
            return Page();
        var file = Draft.Files.GetValueOrDefault("file") ?? Decode(Draft.Fields.GetValueOrDefault("data"));
        return file is { Length: > 0 } ? await RunAsync(file, trial: true) : Page();
    }

    /// <summary>
    /// Keeps the file if the antiforgery token is no longer valid, and neither checks nor imports it.
    /// </summary>
    public async Task<IActionResult> OnPostStaleAsync([FromRoute] string list, IFormFile? file, string? data)
    {
        if (!TryOpen(list) || !CanCreate)
            return NotFound();
        var given = file is null ? Decode(data) ?? [] : await ReadAsync(file);
        (IsUploaded, Data) = (given.Length > 0, Convert.ToBase64String(given));
        return Page();
    }

    /// <summary>Runs the trial or the import.</summary>
    public async Task<IActionResult> OnPostAsync([FromRoute] string list, IFormFile? file, string? data, string? sure)
    {
        if (!TryOpen(list))
            return NotFound();
        if (!CanCreate)
            return StatusCode(StatusCodes.Status403Forbidden);
        return await RunAsync(file is null ? Decode(data) ?? [] : await ReadAsync(file), trial: sure != "yes");
    }

    async Task<IActionResult> RunAsync(byte[] given, bool trial)
    {
        var file = await ImportFile.ReadAsync(given);
        if (file.Error is { } error)
        {
            Errors = [(0, "", error)];
            return Again(
                file.IsTooLarge ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status422UnprocessableEntity
            );
        }
        var names = file.Rows.SelectMany(row => row.Keys).ToHashSet(StringComparer.Ordinal);
        Ignored = [.. Rows.NotImported.Where(names.Contains)];
        Missing = [.. Rows.Imported.Where(name => !names.Contains(name))];
        Preview =
        [
            .. file
                .Rows.Take(10)
                .Select(row => row.Where(value => !Ignored.Contains(value.Key)).ToDictionary(StringComparer.Ordinal)),
        ];
        (Count, Data) = (file.Rows.Count, Convert.ToBase64String(given));
        Errors = await Rows.ImportAsync(file.Rows, trial);
        if (Errors.Count > 0)
            return Again();
        return trial ? Page() : SeeOther($"/{Registration.Slug}?done=imported&count={file.Rows.Count}");
    }

    static async Task<byte[]> ReadAsync(IFormFile file)
    {
        using var bytes = new MemoryStream();
        await file.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    static byte[]? Decode(string? data)
    {
        var bytes = new byte[(data?.Length ?? 0) / 4 * 3];
        return Convert.TryFromBase64String(data ?? "", bytes, out var count) ? bytes[..count] : null;
    }
}
