using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lightning.Data.Organizations;

/// <summary>What a person is in an organization. Each role includes the rights of those before it.</summary>
[JsonConverter(typeof(OrganizationRoleConverter))]
public enum OrganizationRole
{
    /// <summary>Reads and edits everything, and deletes what they created.</summary>
    Member,

    /// <summary>Also invites and removes members, renames the organization and deletes everything in it.</summary>
    Admin,

    /// <summary>Also makes others owners, and deletes the organization. At least one owner always remains.</summary>
    Owner,
}

/// <summary>Writes roles in lowercase, and reads nothing but their names.</summary>
sealed class OrganizationRoleConverter()
    : JsonStringEnumConverter<OrganizationRole>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
