using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Aspire.Hosting.Dashboard;

/// <summary>Text that is HTML already: what an interpolated string puts into it is encoded, unless it is HTML itself.</summary>
readonly struct Html
{
    static readonly HtmlEncoder s_encoder = HtmlEncoder.Create(UnicodeRanges.All);
    readonly string? _text;

    Html(string text) => _text = text;

    public static Html Of(Writer html) => new(html.Text.ToString());

    public static Html Join(IEnumerable<Html> parts) => new(string.Concat(parts));

    /// <summary>The HTML when the condition holds, else nothing.</summary>
    public static Html If(bool condition, Writer html) => condition ? Of(html) : default;

    public override string ToString() => _text ?? "";

    [InterpolatedStringHandler]
    public readonly struct Writer(int literalLength, int formattedCount)
    {
        internal StringBuilder Text { get; } = new(literalLength + formattedCount * 16);

        public void AppendLiteral(string value) => Text.Append(value);

        public void AppendFormatted(Html value) => Text.Append(value._text);

        public void AppendFormatted(IEnumerable<Html> values)
        {
            foreach (var value in values) Text.Append(value._text);
        }

        public void AppendFormatted(string? value)
        {
            if (value is not null) Text.Append(s_encoder.Encode(value));
        }

        public void AppendFormatted(long value) => Text.Append(value);

        public void AppendFormatted(double value) => Text.Append(CultureInfo.InvariantCulture, $"{value:0.##}");
    }
}
