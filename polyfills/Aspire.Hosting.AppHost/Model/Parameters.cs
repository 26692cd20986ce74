using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value that is given from outside: by configuration under <c>Parameters:</c>, or by its default.</summary>
public class ParameterResource : Resource, IExpressionValue
{
    readonly Lazy<string> _value;

    /// <summary>Takes the value from a callback, which is handed the default.</summary>
    public ParameterResource(string name, Func<ParameterDefault?, string> callback, bool secret = false) : base(name)
    {
        _value = new(() => callback(Default));
        Secret = secret;
    }

    /// <summary>The value when none is configured.</summary>
    public ParameterDefault? Default { get; set; }

    /// <summary>What it is for.</summary>
    public string? Description { get; set; }

    /// <summary>Whether it must not be shown.</summary>
    public bool Secret { get; }

    /// <inheritdoc/>
    public string ValueExpression => $"{{{Name}.value}}";

    /// <summary>The value.</summary>
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken) => ValueTask.FromResult<string?>(_value.Value);

    /// <summary>The value, as one caller sees it.</summary>
    [SuppressMessage("Naming", "CA1725", Justification = "The real package names it so.")]
    public ValueTask<string?> GetValueAsync(ValueProviderContext _, CancellationToken cancellationToken) => GetValueAsync(cancellationToken);
}

/// <summary>Makes a value when none is configured.</summary>
public abstract class ParameterDefault
{
    /// <summary>Makes the value.</summary>
    public abstract string GetDefaultValue();
}

/// <summary>Makes a random value.</summary>
public sealed class GenerateParameterDefault : ParameterDefault
{
    const string LowerCase = "abcdefghijkmnpqrstuvwxyz", UpperCase = "ABCDEFGHJKLMNPQRSTUVWXYZ", Digits = "0123456789", Others = "-_.{}~()*+!";

    /// <summary>How long it is at least.</summary>
    public int MinLength { get; set; }

    /// <summary>Whether it has lower-case letters.</summary>
    public bool Lower { get; set; } = true;

    /// <summary>Whether it has upper-case letters.</summary>
    public bool Upper { get; set; } = true;

    /// <summary>Whether it has digits.</summary>
    public bool Numeric { get; set; } = true;

    /// <summary>Whether it has other characters.</summary>
    public bool Special { get; set; } = true;

    /// <summary>How many lower-case letters at least.</summary>
    public int MinLower { get; set; }

    /// <summary>How many upper-case letters at least.</summary>
    public int MinUpper { get; set; }

    /// <summary>How many digits at least.</summary>
    public int MinNumeric { get; set; }

    /// <summary>How many other characters at least.</summary>
    public int MinSpecial { get; set; }

    /// <inheritdoc/>
    public override string GetDefaultValue()
    {
        var alphabet = (Lower ? LowerCase : "") + (Upper ? UpperCase : "") + (Numeric ? Digits : "") + (Special ? Others : "");
        if (alphabet.Length == 0) throw new ArgumentException("A generated parameter needs letters, digits or other characters.");

        var required = Draw(LowerCase, Lower, MinLower) + Draw(UpperCase, Upper, MinUpper) + Draw(Digits, Numeric, MinNumeric) + Draw(Others, Special, MinSpecial);
        var value = (required + RandomNumberGenerator.GetString(alphabet, Math.Max(0, MinLength - required.Length))).ToCharArray();
        RandomNumberGenerator.Shuffle(value.AsSpan());
        return new string(value);
    }

    static string Draw(string alphabet, bool allowed, int count) =>
        allowed && count > 0 ? RandomNumberGenerator.GetString(alphabet, count) : "";
}
