using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A text with values in it that are known only when the application runs.</summary>
public class ReferenceExpression : IExpressionValue, IValueWithReferences
{
    /// <summary>The empty text.</summary>
    public static readonly ReferenceExpression Empty = new("", []);

    internal ReferenceExpression(string format, IReadOnlyList<IValueProvider> providers)
    {
        Format = format;
        ValueProviders = providers;
        ManifestExpressions = [.. providers.Select(provider => ((IManifestExpressionProvider)provider).ValueExpression)];
    }

    /// <summary>The text, as a composite format.</summary>
    public string Format { get; }

    /// <summary>The values, in the order of the format.</summary>
    public IReadOnlyList<IValueProvider> ValueProviders { get; }

    /// <summary>The place holders, in the order of the format.</summary>
    public IReadOnlyList<string> ManifestExpressions { get; }

    /// <inheritdoc/>
    public string ValueExpression => string.Format(CultureInfo.InvariantCulture, Format, [.. ManifestExpressions]);

    IEnumerable<object> IValueWithReferences.References => ValueProviders;

    /// <summary>Makes an expression of an interpolated string.</summary>
    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) => handler.Text.Build();

    /// <summary>The text with its values.</summary>
    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken)
    {
        var values = new object?[ValueProviders.Count];
        for (var i = 0; i < values.Length; i++) values[i] = await ValueProviders[i].GetValueAsync(cancellationToken);
        return string.Format(CultureInfo.InvariantCulture, Format, values);
    }

    /// <summary>The text with its values, as one caller sees them.</summary>
    public ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken) => GetValueAsync(cancellationToken);

    /// <summary>Takes an interpolated string apart into text and values.</summary>
    [InterpolatedStringHandler]
    public ref struct ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
    {
        internal ExpressionText Text { get; } = new(literalLength, formattedCount);

        /// <summary>Appends text.</summary>
        public readonly void AppendLiteral(string value) => Text.Append(value);

        /// <summary>Appends text.</summary>
        public readonly void AppendFormatted(string? value) => Text.Append(value ?? "");

        /// <summary>Appends a value.</summary>
        public void AppendFormatted<T>(T valueProvider) where T : IValueProvider, IManifestExpressionProvider => Text.Append(valueProvider);

        /// <summary>Appends a resource's value.</summary>
        public void AppendFormatted<T>(IResourceBuilder<T> valueProvider) where T : IResource, IValueProvider, IManifestExpressionProvider =>
            Text.Append(valueProvider.Resource);
    }
}

/// <summary>Makes a <see cref="ReferenceExpression"/> piece by piece.</summary>
public class ReferenceExpressionBuilder
{
    readonly ExpressionText _text = new(0, 0);

    /// <summary>Whether nothing has been appended.</summary>
    public bool IsEmpty => _text.IsEmpty;

    /// <summary>Appends text.</summary>
    public void AppendLiteral(string value) => _text.Append(value);

    /// <summary>Appends text.</summary>
    public void AppendFormatted(string? value) => _text.Append(value ?? "");

    /// <summary>Appends a value.</summary>
    public void AppendFormatted<T>(T valueProvider) where T : IValueProvider, IManifestExpressionProvider => _text.Append(valueProvider);

    /// <summary>The expression.</summary>
    public ReferenceExpression Build() => _text.Build();
}

sealed class ExpressionText(int literalLength, int formattedCount)
{
    readonly StringBuilder _format = new(literalLength + formattedCount * 3);
    readonly List<IValueProvider> _values = new(formattedCount);

    public bool IsEmpty => _format.Length == 0;

    public void Append(string literal) => _format.Append(literal.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));

    public void Append(IValueProvider value)
    {
        _format.Append(CultureInfo.InvariantCulture, $"{{{_values.Count}}}");
        _values.Add(value);
    }

    public ReferenceExpression Build() => new(_format.ToString(), [.. _values]);
}
