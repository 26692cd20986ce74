using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.ServiceDefaults;

/// <summary>
/// Names validation errors as the client does: <c>title</c>, not <c>Title</c>. The framework's validation uses the
/// names of .NET properties.
/// </summary>
static class JsonErrorNames
{
    /// <summary>Renames the errors of properties that the endpoint's parameters have. Other errors stay.</summary>
    public static void Apply(HttpContext context, HttpValidationProblemDetails problem)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<MethodInfo>() is not { } handler)
            return;
        var json = context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        var parameters = handler.GetParameters();
        var errors = problem.Errors.ToArray();
        problem.Errors.Clear();
        foreach (var (key, texts) in errors)
        {
            var name =
                parameters
                    .Select(parameter => Rename(key, parameter.ParameterType, json))
                    .FirstOrDefault(found => found is not null)
                ?? key;
            problem.Errors[name] = problem.Errors.TryGetValue(name, out var others) ? [.. others, .. texts] : texts;
        }
    }

    /// <summary>
    /// The JSON path of a path of properties, such as <c>Items[0].Name</c>; null if the type has none.
    /// </summary>
    static string? Rename(string path, Type type, JsonSerializerOptions json)
    {
        var names = new List<string>();
        foreach (var segment in path.Split('.'))
        {
            var (name, index) = segment.IndexOf('[', StringComparison.Ordinal) is >= 0 and var start
                ? (segment[..start], segment[start..])
                : (segment, "");
            if (type.GetProperty(name) is not { } property)
                return null;
            names.Add(NameOf(property, json) + index);
            type = index.Length > 0 ? ElementOf(property.PropertyType) : property.PropertyType;
        }
        return string.Join('.', names);
    }

    static string NameOf(PropertyInfo property, JsonSerializerOptions json) =>
        property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name
        ?? property.GetCustomAttributes().OfType<IFromQueryMetadata>().FirstOrDefault()?.Name
        ?? json.PropertyNamingPolicy?.ConvertName(property.Name)
        ?? property.Name;

    static Type ElementOf(Type collection) =>
        collection.GetElementType() ?? collection.GetGenericArguments().LastOrDefault() ?? collection;
}
