using System.Text.Encodings.Web;

namespace Lightning.Identity.Mail;

/// <summary>What a mail says: once as plain text and once as HTML, in the same words.</summary>
/// <param name="Subject">The subject, which is the heading too.</param>
/// <param name="Text">What happened.</param>
/// <param name="Action">The label of the button, and its link.</param>
/// <param name="Note">What to do otherwise.</param>
sealed record MailContent(string Subject, string Text, (string Label, string Link) Action, string Note)
{
    const string Wordmark = "Lightning";

    /// <summary>
    /// For clients that read style sheets. The others show the inline styles, which are those of a light scheme.
    /// </summary>
    const string DarkScheme = """
        @media (prefers-color-scheme: dark) {
          .page { background: #12161d !important; color: #f3f4f7 !important }
          .card { background: #1c222c !important; border-color: #3a4250 !important }
          .soft, .soft a { color: #b4bcc9 !important }
        }
        """;

    /// <summary>The plain-text part.</summary>
    public string ToText() => $"{Wordmark}\n\n{Subject}\n\n{Text}\n\n{Action.Label}:\n{Action.Link}\n\n{Note}\n";

    /// <summary>
    /// The HTML part. It loads nothing, so it looks the same where images are blocked, and opening it tells the sender
    /// nothing. Inline styles and a table, because many mail clients know little else.
    /// </summary>
    public string ToHtml()
    {
        Func<string, string> encode = HtmlEncoder.Default.Encode;
        var link = encode(Action.Link);
        return $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
            <title>{encode(Subject)}</title><style>{DarkScheme}</style></head>
            <body class="page" style="margin:0;padding:0;background:#f3f4f7;color:#12161d">
            <table class="page" role="presentation" width="100%" cellspacing="0" cellpadding="0" border="0"
            style="background:#f3f4f7;color:#12161d;font:16px/1.55 system-ui,-apple-system,'Segoe UI',sans-serif">
            <tr><td align="center" style="padding:24px 16px">
            <table role="presentation" width="100%" cellspacing="0" cellpadding="0" border="0"
            style="max-width:480px;text-align:left">
            <tr><td style="padding:0 0 16px;font-size:18px;font-weight:700">{Wordmark}</td></tr>
            <tr><td class="card" style="padding:24px;background:#ffffff;border:1px solid #d8dce3;border-radius:16px">
            <h1 style="margin:0 0 12px;font-size:24px;line-height:1.2">{encode(Subject)}</h1>
            <p style="margin:0 0 24px;overflow-wrap:anywhere">{encode(Text)}</p>
            <p style="margin:0 0 24px"><a style="display:inline-block;padding:12px 18px;background:#ffcf33;
            color:#12161d;border-radius:10px;font-weight:600;text-decoration:none"
            href="{link}">{encode(Action.Label)}</a></p>
            <p class="soft" style="margin:0 0 12px;font-size:14px">
            <a style="color:#4b5463;overflow-wrap:anywhere;word-break:break-all" href="{link}">{link}</a></p>
            <p class="soft" style="margin:0;font-size:14px;color:#4b5463">{encode(Note)}</p>
            </td></tr></table></td></tr></table></body></html>
            """;
    }

    /// <summary>The mail to an address.</summary>
    public OutgoingMail To(string address, DateTimeOffset goodUntil) =>
        new(address, Subject, ToText(), ToHtml(), goodUntil);
}
