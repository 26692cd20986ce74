using Microsoft.EntityFrameworkCore;

namespace Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;

/// <summary>A key of a data-protection ring, as a row.</summary>
public class DataProtectionKey
{
    /// <summary>The row's own key.</summary>
    public int Id { get; set; }

    /// <summary>The name that the key manager gave.</summary>
    public string? FriendlyName { get; set; }

    /// <summary>The key as XML, encrypted where an encryptor is set.</summary>
    public string? Xml { get; set; }
}

/// <summary>A context that keeps data-protection keys.</summary>
public interface IDataProtectionKeyContext
{
    /// <summary>The keys.</summary>
    DbSet<DataProtectionKey> DataProtectionKeys { get; }
}
