using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Registrations;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Lists;

/// <summary>Reads the first children of a row.</summary>
/// <param name="request">The request.</param>
/// <param name="foreignKey">The children's foreign key.</param>
/// <param name="parent">The parent's key.</param>
/// <param name="most">The maximum number of children.</param>
/// <param name="cancellationToken">Cancels the query.</param>
sealed class ChildList(
    AdminRequest request,
    IReadOnlyList<IProperty> foreignKey,
    IReadOnlyList<object> parent,
    int most,
    CancellationToken cancellationToken
) : IRegistrationVisitor<Task<ListPage>>
{
    public Task<ListPage> Visit<T>(AdminFor<T> registration)
        where T : class =>
        new ListReader<T>(registration, request, new(registration, request, new(registration, request))).ReadAsync(
            new ListState { Size = most },
            cancellationToken,
            row => Expressions.AreEqual(row, foreignKey, parent)
        );
}
