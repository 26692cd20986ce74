using System.ComponentModel.DataAnnotations;

namespace Lightning.Api;

/// <summary>Text that Postgres can store: without NUL and without unpaired surrogates.</summary>
sealed class StorableAttribute() : ValidationAttribute("Contains a character that cannot be stored.")
{
    public override bool IsValid(object? value)
    {
        if (value is not string text)
            return true;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0')
                return false;
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }
        return true;
    }
}
