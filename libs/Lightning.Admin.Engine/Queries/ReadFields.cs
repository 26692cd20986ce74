using System.Linq.Expressions;
using System.Reflection;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Queries;

/// <summary>Collects the fields that an expression reads, each with the entity whose policy covers it.</summary>
sealed class ReadFields(IReadOnlyModel model) : ExpressionVisitor
{
    readonly List<(Type Entity, MemberInfo Member)> found = [];

    public static IReadOnlyList<(Type Entity, MemberInfo Member)> Find(
        IReadOnlyModel model,
        LambdaExpression expression
    )
    {
        var visitor = new ReadFields(model);
        visitor.Visit(expression.Body);
        return visitor.found;
    }

    protected override Expression VisitMember(MemberExpression node)
    {
        // A member of an owned type is a field of its owner.
        if (node.Expression is { } on && model.FindEntityType(on.Type) is { } entity && !entity.IsOwned())
            found.Add((on.Type, node.Member));
        return base.VisitMember(node);
    }
}
