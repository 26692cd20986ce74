using System.ComponentModel.DataAnnotations;
using System.Net.Mail;

namespace Lightning.Identity.Web;

/// <summary>Validates an email address without a display name.</summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class MailAddressAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) =>
        value is null
        || (
            value is string text
            && text.All(letter => letter > ' ' && !char.IsControl(letter))
            && MailAddress.TryCreate(text, out var address)
            && address.Address == text
        );
}
