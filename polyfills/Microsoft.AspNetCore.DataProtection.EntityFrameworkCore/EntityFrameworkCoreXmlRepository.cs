using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;

/// <summary>Keeps a data-protection ring in the rows of a context.</summary>
public class EntityFrameworkCoreXmlRepository<TContext>(IServiceProvider services, ILoggerFactory loggerFactory) : IXmlRepository
    where TContext : DbContext, IDataProtectionKeyContext
{
    readonly ILogger logger = loggerFactory.CreateLogger<EntityFrameworkCoreXmlRepository<TContext>>();

    /// <inheritdoc/>
    public virtual IReadOnlyCollection<XElement> GetAllElements()
    {
        using var scope = services.CreateScope();
        var context = scope.ServiceProvider.GetRequiredService<TContext>();
        return [.. context.DataProtectionKeys.AsNoTracking().Select(key => key.Xml).AsEnumerable()
            .Where(xml => !string.IsNullOrEmpty(xml)).Select(xml => XElement.Parse(xml!))];
    }

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName)
    {
        ArgumentNullException.ThrowIfNull(element);
        using var scope = services.CreateScope();
        var context = scope.ServiceProvider.GetRequiredService<TContext>();
        context.DataProtectionKeys.Add(new DataProtectionKey { FriendlyName = friendlyName, Xml = element.ToString(SaveOptions.DisableFormatting) });
        context.SaveChanges();
        KeyStored(logger, friendlyName, null);
    }

    static readonly Action<ILogger, string, Exception?> KeyStored =
        LoggerMessage.Define<string>(LogLevel.Debug, new EventId(1, nameof(KeyStored)), "Stored data-protection key '{FriendlyName}'.");
}
