using System;
using Lightning.Data.Sql;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "identity");

            migrationBuilder.EnsureSchema(
                name: "keys");

            migrationBuilder.EnsureSchema(
                name: "app");

            migrationBuilder.EnsureSchema(
                name: "audit");

            migrationBuilder.EnsureSchema(
                name: "web");

            migrationBuilder.CreateTable(
                name: "accounts",
                schema: "identity",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    totp_key = table.Column<byte[]>(type: "bytea", nullable: true),
                    totp_last_step = table.Column<long>(type: "bigint", nullable: true),
                    user_name = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    normalized_user_name = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    email = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    normalized_email = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    email_confirmed = table.Column<bool>(type: "boolean", nullable: false),
                    password_hash = table.Column<string>(type: "text", nullable: true),
                    security_stamp = table.Column<string>(type: "text", nullable: true),
                    concurrency_stamp = table.Column<string>(type: "text", nullable: true),
                    phone_number = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    phone_number_confirmed = table.Column<bool>(type: "boolean", nullable: false),
                    two_factor_enabled = table.Column<bool>(type: "boolean", nullable: false),
                    lockout_end = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    lockout_enabled = table.Column<bool>(type: "boolean", nullable: false),
                    access_failed_count = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_accounts", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "attempts",
                schema: "identity",
                columns: table => new
                {
                    key_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    full_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_attempts", x => x.key_hash);
                });

            migrationBuilder.CreateTable(
                name: "authorizations",
                schema: "identity",
                columns: table => new
                {
                    handle_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    kind = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    client_id = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    parameters = table.Column<string>(type: "jsonb", nullable: false),
                    session_id = table.Column<Guid>(type: "uuid", nullable: true),
                    user_id = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    family = table.Column<Guid>(type: "uuid", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_authorizations", x => x.handle_hash);
                });

            migrationBuilder.CreateTable(
                name: "data_protection",
                schema: "keys",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    friendly_name = table.Column<string>(type: "text", nullable: true),
                    xml = table.Column<string>(type: "text", nullable: true),
                    service = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: true, defaultValueSql: "current_user")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_data_protection", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "entries",
                schema: "audit",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    service = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false, defaultValueSql: "current_user"),
                    action = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: true),
                    acted_by = table.Column<Guid>(type: "uuid", nullable: true),
                    session_id = table.Column<Guid>(type: "uuid", nullable: true),
                    subject_type = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    subject_id = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    details = table.Column<string>(type: "jsonb", nullable: true),
                    ip = table.Column<string>(type: "character varying(45)", maxLength: 45, nullable: true),
                    trace_id = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_entries", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "form_drafts",
                schema: "web",
                columns: table => new
                {
                    id_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    content = table.Column<byte[]>(type: "bytea", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_form_drafts", x => x.id_hash);
                });

            migrationBuilder.CreateTable(
                name: "organizations",
                schema: "app",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    slug = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_organizations", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "outbox",
                schema: "identity",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    kind = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    recipient = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: true),
                    payload = table.Column<byte[]>(type: "bytea", nullable: false),
                    due_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    attempts = table.Column<int>(type: "integer", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    failed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    last_error = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_outbox", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "seen_tokens",
                schema: "identity",
                columns: table => new
                {
                    hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_seen_tokens", x => x.hash);
                });

            migrationBuilder.CreateTable(
                name: "signing_keys",
                schema: "identity",
                columns: table => new
                {
                    id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    algorithm = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    private_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    signs_from = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    successor_due_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    retired_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_signing_keys", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "users",
                schema: "app",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    issuer = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    subject = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    email = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    email_verified = table.Column<bool>(type: "boolean", nullable: false),
                    name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    is_admin = table.Column<bool>(type: "boolean", nullable: false),
                    disabled_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_users", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "account_claims",
                schema: "identity",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    claim_type = table.Column<string>(type: "text", nullable: true),
                    claim_value = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_account_claims", x => x.id);
                    table.ForeignKey(
                        name: "fk_account_claims_accounts_user_id",
                        column: x => x.user_id,
                        principalSchema: "identity",
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "account_links",
                schema: "identity",
                columns: table => new
                {
                    token_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    purpose = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    address = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    account_id = table.Column<Guid>(type: "uuid", nullable: true),
                    name = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    grants_admin = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_account_links", x => x.token_hash);
                    table.ForeignKey(
                        name: "fk_account_links_asp_net_users_account_id",
                        column: x => x.account_id,
                        principalSchema: "identity",
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "account_logins",
                schema: "identity",
                columns: table => new
                {
                    login_provider = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    provider_key = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    provider_display_name = table.Column<string>(type: "text", nullable: true),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_account_logins", x => new { x.login_provider, x.provider_key });
                    table.ForeignKey(
                        name: "fk_account_logins_accounts_user_id",
                        column: x => x.user_id,
                        principalSchema: "identity",
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "account_passkeys",
                schema: "identity",
                columns: table => new
                {
                    credential_id = table.Column<byte[]>(type: "bytea", maxLength: 1024, nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    data = table.Column<string>(type: "jsonb", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_account_passkeys", x => x.credential_id);
                    table.ForeignKey(
                        name: "fk_account_passkeys_accounts_user_id",
                        column: x => x.user_id,
                        principalSchema: "identity",
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "account_recovery_codes",
                schema: "identity",
                columns: table => new
                {
                    account_id = table.Column<Guid>(type: "uuid", nullable: false),
                    code_hash = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_account_recovery_codes", x => new { x.account_id, x.code_hash });
                    table.ForeignKey(
                        name: "fk_account_recovery_codes_accounts_account_id",
                        column: x => x.account_id,
                        principalSchema: "identity",
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "account_tokens",
                schema: "identity",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    login_provider = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    name = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    value = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_account_tokens", x => new { x.user_id, x.login_provider, x.name });
                    table.ForeignKey(
                        name: "fk_account_tokens_accounts_user_id",
                        column: x => x.user_id,
                        principalSchema: "identity",
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "deleted_notes",
                schema: "app",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    owner_id = table.Column<Guid>(type: "uuid", nullable: false),
                    organization_id = table.Column<Guid>(type: "uuid", nullable: true),
                    title = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    body = table.Column<string>(type: "character varying(100000)", maxLength: 100000, nullable: false),
                    archived_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    pinned_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_deleted_notes", x => x.id);
                    table.ForeignKey(
                        name: "fk_deleted_notes_organizations_organization_id",
                        column: x => x.organization_id,
                        principalSchema: "app",
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_deleted_notes_users_owner_id",
                        column: x => x.owner_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "invitations",
                schema: "app",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    address = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: true),
                    role = table.Column<string>(type: "character varying(10)", maxLength: 10, nullable: false),
                    invited_by_id = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_invitations", x => x.id);
                    table.ForeignKey(
                        name: "fk_invitations_organizations_organization_id",
                        column: x => x.organization_id,
                        principalSchema: "app",
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_invitations_users_invited_by_id",
                        column: x => x.invited_by_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                    table.ForeignKey(
                        name: "fk_invitations_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "keyed_requests",
                schema: "app",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    key = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false),
                    request_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    status = table.Column<int>(type: "integer", nullable: false),
                    headers = table.Column<string>(type: "jsonb", nullable: false),
                    body = table.Column<byte[]>(type: "bytea", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_keyed_requests", x => new { x.user_id, x.key });
                    table.ForeignKey(
                        name: "fk_keyed_requests_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "memberships",
                schema: "app",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role = table.Column<string>(type: "character varying(10)", maxLength: 10, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_memberships", x => x.id);
                    table.ForeignKey(
                        name: "fk_memberships_organizations_organization_id",
                        column: x => x.organization_id,
                        principalSchema: "app",
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_memberships_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "notes",
                schema: "app",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    owner_id = table.Column<Guid>(type: "uuid", nullable: false),
                    organization_id = table.Column<Guid>(type: "uuid", nullable: true),
                    title = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    body = table.Column<string>(type: "character varying(100000)", maxLength: 100000, nullable: false),
                    archived_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    pinned_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_notes", x => x.id);
                    table.ForeignKey(
                        name: "fk_notes_organizations_organization_id",
                        column: x => x.organization_id,
                        principalSchema: "app",
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_notes_users_owner_id",
                        column: x => x.owner_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "sessions",
                schema: "identity",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    issuer = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    foreign_sid = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    auth_time = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    cookie_hash = table.Column<byte[]>(type: "bytea", nullable: true),
                    last_seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ends_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    end_reason = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    ip = table.Column<string>(type: "character varying(45)", maxLength: 45, nullable: true),
                    device = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: true),
                    methods = table.Column<string[]>(type: "text[]", nullable: false),
                    actor_id = table.Column<Guid>(type: "uuid", nullable: true),
                    actor_sid = table.Column<Guid>(type: "uuid", nullable: true),
                    actor_may_write = table.Column<bool>(type: "boolean", nullable: false, defaultValue: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_sessions", x => x.id);
                    table.ForeignKey(
                        name: "fk_sessions_sessions_actor_sid",
                        column: x => x.actor_sid,
                        principalSchema: "identity",
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_sessions_users_actor_id",
                        column: x => x.actor_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_sessions_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "note_shares",
                schema: "app",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    note_id = table.Column<Guid>(type: "uuid", nullable: false),
                    address = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: true),
                    can_edit = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_note_shares", x => x.id);
                    table.ForeignKey(
                        name: "fk_note_shares_notes_note_id",
                        column: x => x.note_id,
                        principalSchema: "app",
                        principalTable: "notes",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_note_shares_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "grants",
                schema: "identity",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    sid = table.Column<Guid>(type: "uuid", nullable: false),
                    client_id = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    is_told = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    revoked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_grants", x => x.id);
                    table.ForeignKey(
                        name: "fk_grants_sessions_session_id",
                        column: x => x.sid,
                        principalSchema: "identity",
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "handovers",
                schema: "identity",
                columns: table => new
                {
                    code_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    sid = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    reason = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    may_write = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_handovers", x => x.code_hash);
                    table.ForeignKey(
                        name: "fk_handovers_sessions_session_id",
                        column: x => x.sid,
                        principalSchema: "identity",
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_handovers_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "refresh_tokens",
                schema: "identity",
                columns: table => new
                {
                    token_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    family = table.Column<Guid>(type: "uuid", nullable: false),
                    client_id = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    sid = table.Column<Guid>(type: "uuid", nullable: false),
                    scope = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    family_ends_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    revoked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_refresh_tokens", x => x.token_hash);
                    table.ForeignKey(
                        name: "fk_refresh_tokens_sessions_session_id",
                        column: x => x.sid,
                        principalSchema: "identity",
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "sessions",
                schema: "web",
                columns: table => new
                {
                    id_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    app = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    sid = table.Column<Guid>(type: "uuid", nullable: false),
                    issuer = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    subject = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ends_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ticket = table.Column<byte[]>(type: "bytea", nullable: false),
                    tokens = table.Column<byte[]>(type: "bytea", nullable: false),
                    token_expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    refresh_lease_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    refresh_lease_owner = table.Column<Guid>(type: "uuid", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_web_sessions", x => x.id_hash);
                    table.ForeignKey(
                        name: "fk_sessions_sessions_session_id",
                        column: x => x.sid,
                        principalSchema: "identity",
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_account_claims_user_id",
                schema: "identity",
                table: "account_claims",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_account_links_account_id",
                schema: "identity",
                table: "account_links",
                column: "account_id");

            migrationBuilder.CreateIndex(
                name: "ix_account_links_expires_at",
                schema: "identity",
                table: "account_links",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_account_logins_user_id",
                schema: "identity",
                table: "account_logins",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_account_passkeys_user_id",
                schema: "identity",
                table: "account_passkeys",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_accounts_created_at_id",
                schema: "identity",
                table: "accounts",
                columns: new[] { "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_accounts_email_id",
                schema: "identity",
                table: "accounts",
                columns: new[] { "email", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_accounts_normalized_email",
                schema: "identity",
                table: "accounts",
                column: "normalized_email",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_accounts_normalized_user_name",
                schema: "identity",
                table: "accounts",
                column: "normalized_user_name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_attempts_full_at",
                schema: "identity",
                table: "attempts",
                column: "full_at");

            migrationBuilder.CreateIndex(
                name: "ix_authorizations_expires_at",
                schema: "identity",
                table: "authorizations",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_data_protection_service",
                schema: "keys",
                table: "data_protection",
                column: "service");

            migrationBuilder.CreateIndex(
                name: "ix_deleted_notes_deleted_at",
                schema: "app",
                table: "deleted_notes",
                column: "deleted_at");

            migrationBuilder.CreateIndex(
                name: "ix_deleted_notes_organization_id_deleted_at_id",
                schema: "app",
                table: "deleted_notes",
                columns: new[] { "organization_id", "deleted_at", "id" },
                descending: new[] { false, true, true },
                filter: "organization_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_deleted_notes_owner_id_deleted_at_id",
                schema: "app",
                table: "deleted_notes",
                columns: new[] { "owner_id", "deleted_at", "id" },
                descending: new[] { false, true, true });

            migrationBuilder.CreateIndex(
                name: "ix_entries_action_at",
                schema: "audit",
                table: "entries",
                columns: new[] { "action", "at" },
                filter: "action IN ('refreshed', 'sign-in-failed', 'signed-in')");

            migrationBuilder.CreateIndex(
                name: "ix_entries_action_id",
                schema: "audit",
                table: "entries",
                columns: new[] { "action", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_entries_at_id",
                schema: "audit",
                table: "entries",
                columns: new[] { "at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_entries_changes",
                schema: "audit",
                table: "entries",
                column: "id",
                filter: "action NOT IN ('refreshed', 'sign-in-failed', 'signed-in')");

            migrationBuilder.CreateIndex(
                name: "ix_entries_subject_type_id",
                schema: "audit",
                table: "entries",
                columns: new[] { "subject_type", "id" },
                filter: "subject_type IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_entries_subject_type_subject_id_id",
                schema: "audit",
                table: "entries",
                columns: new[] { "subject_type", "subject_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_entries_user_id_id",
                schema: "audit",
                table: "entries",
                columns: new[] { "user_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_form_drafts_expires_at",
                schema: "web",
                table: "form_drafts",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_grants_session_id",
                schema: "identity",
                table: "grants",
                column: "sid");

            migrationBuilder.CreateIndex(
                name: "ix_handovers_created_at",
                schema: "identity",
                table: "handovers",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "ix_handovers_session_id",
                schema: "identity",
                table: "handovers",
                column: "sid");

            migrationBuilder.CreateIndex(
                name: "ix_handovers_user_id",
                schema: "identity",
                table: "handovers",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_invitations_address",
                schema: "app",
                table: "invitations",
                column: "address",
                filter: "user_id IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_invitations_expires_at",
                schema: "app",
                table: "invitations",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_invitations_invited_by_id",
                schema: "app",
                table: "invitations",
                column: "invited_by_id");

            migrationBuilder.CreateIndex(
                name: "ix_invitations_organization_id_address",
                schema: "app",
                table: "invitations",
                columns: new[] { "organization_id", "address" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_invitations_user_id_id",
                schema: "app",
                table: "invitations",
                columns: new[] { "user_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_keyed_requests_expires_at",
                schema: "app",
                table: "keyed_requests",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_memberships_organization_id_created_at_id",
                schema: "app",
                table: "memberships",
                columns: new[] { "organization_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_memberships_organization_id_user_id",
                schema: "app",
                table: "memberships",
                columns: new[] { "organization_id", "user_id" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_memberships_user_id_id",
                schema: "app",
                table: "memberships",
                columns: new[] { "user_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_note_shares_address",
                schema: "app",
                table: "note_shares",
                column: "address",
                filter: "user_id IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_note_shares_note_id_address",
                schema: "app",
                table: "note_shares",
                columns: new[] { "note_id", "address" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_note_shares_user_id_note_id",
                schema: "app",
                table: "note_shares",
                columns: new[] { "user_id", "note_id" });

            migrationBuilder.CreateIndex(
                name: "ix_notes_created_at_id",
                schema: "app",
                table: "notes",
                columns: new[] { "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_notes_organization_id_created_at_id",
                schema: "app",
                table: "notes",
                columns: new[] { "organization_id", "created_at", "id" },
                descending: new[] { false, true, true },
                filter: "organization_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_notes_organization_id_title_id",
                schema: "app",
                table: "notes",
                columns: new[] { "organization_id", "title", "id" },
                filter: "organization_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_notes_organization_id_updated_at_id",
                schema: "app",
                table: "notes",
                columns: new[] { "organization_id", "updated_at", "id" },
                descending: new[] { false, true, true },
                filter: "organization_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_notes_owner_id_created_at_id",
                schema: "app",
                table: "notes",
                columns: new[] { "owner_id", "created_at", "id" },
                descending: new[] { false, true, true });

            migrationBuilder.CreateIndex(
                name: "ix_notes_owner_id_title_id",
                schema: "app",
                table: "notes",
                columns: new[] { "owner_id", "title", "id" },
                filter: "organization_id IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_notes_owner_id_updated_at_id",
                schema: "app",
                table: "notes",
                columns: new[] { "owner_id", "updated_at", "id" },
                descending: new[] { false, true, true },
                filter: "organization_id IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_notes_updated_at_id",
                schema: "app",
                table: "notes",
                columns: new[] { "updated_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_organizations_created_at_id",
                schema: "app",
                table: "organizations",
                columns: new[] { "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_organizations_deleted_at",
                schema: "app",
                table: "organizations",
                column: "deleted_at",
                filter: "deleted_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_organizations_name_id",
                schema: "app",
                table: "organizations",
                columns: new[] { "name", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_organizations_slug",
                schema: "app",
                table: "organizations",
                column: "slug",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_outbox_failed_at",
                schema: "identity",
                table: "outbox",
                column: "failed_at",
                filter: "failed_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_outbox_kind_due_at",
                schema: "identity",
                table: "outbox",
                columns: new[] { "kind", "due_at" });

            migrationBuilder.CreateIndex(
                name: "ix_outbox_kind_recipient_due_at",
                schema: "identity",
                table: "outbox",
                columns: new[] { "kind", "recipient", "due_at" });

            migrationBuilder.CreateIndex(
                name: "ix_refresh_tokens_expires_at",
                schema: "identity",
                table: "refresh_tokens",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_refresh_tokens_family",
                schema: "identity",
                table: "refresh_tokens",
                column: "family");

            migrationBuilder.CreateIndex(
                name: "ix_refresh_tokens_session_id",
                schema: "identity",
                table: "refresh_tokens",
                column: "sid");

            migrationBuilder.CreateIndex(
                name: "ix_seen_tokens_expires_at",
                schema: "identity",
                table: "seen_tokens",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_actor_id",
                schema: "identity",
                table: "sessions",
                column: "actor_id",
                filter: "actor_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_actor_sid",
                schema: "identity",
                table: "sessions",
                column: "actor_sid",
                filter: "actor_sid IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_created_at_id",
                schema: "identity",
                table: "sessions",
                columns: new[] { "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_sessions_ends_at",
                schema: "identity",
                table: "sessions",
                column: "ends_at");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_issuer_foreign_sid",
                schema: "identity",
                table: "sessions",
                columns: new[] { "issuer", "foreign_sid" },
                unique: true,
                filter: "foreign_sid IS NOT NULL AND ended_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_user_id_created_at_id",
                schema: "identity",
                table: "sessions",
                columns: new[] { "user_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_sessions_ends_at1",
                schema: "web",
                table: "sessions",
                column: "ends_at");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_session_id",
                schema: "web",
                table: "sessions",
                column: "sid");

            migrationBuilder.CreateIndex(
                name: "ix_users_created_at_id",
                schema: "app",
                table: "users",
                columns: new[] { "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_users_email_id",
                schema: "app",
                table: "users",
                columns: new[] { "email", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_users_issuer_subject",
                schema: "app",
                table: "users",
                columns: new[] { "issuer", "subject" },
                unique: true);

            foreach (var script in SqlScripts.Schema)
                migrationBuilder.Sql(SqlScripts.Read(script));

            // Row-level security, from the rules.
            migrationBuilder.Sql("-- Generated from DeletedNotePolicy.\nALTER TABLE app.deleted_notes ENABLE ROW LEVEL SECURITY;\nCREATE POLICY may_read ON app.deleted_notes FOR SELECT\n    TO lightning_api USING (\n    (deleted_notes.owner_id = (SELECT app.actor()) AND deleted_notes.organization_id IS NULL)\n    OR (deleted_notes.organization_id = ANY((SELECT app.member_of())::uuid[])));\nCREATE POLICY may_delete ON app.deleted_notes FOR DELETE\n    TO lightning_api USING (\n    ((deleted_notes.owner_id = (SELECT app.actor()) AND deleted_notes.organization_id IS NULL) OR (deleted_notes.organization_id = ANY((SELECT app.member_of())::uuid[]) AND deleted_notes.owner_id = (SELECT app.actor())) OR deleted_notes.organization_id = ANY((SELECT app.admin_of())::uuid[])) AND (SELECT app.acts_as('verified')) AND (SELECT app.acts_as('writer')));\n");
            migrationBuilder.Sql("-- Generated from InvitationPolicy.\nALTER TABLE app.invitations ENABLE ROW LEVEL SECURITY;\nCREATE POLICY may_read ON app.invitations FOR SELECT\n    TO lightning_api USING (\n    (invitations.user_id = (SELECT app.actor()))\n    OR (invitations.organization_id = ANY((SELECT app.admin_of())::uuid[]))\n    OR ((SELECT app.acts_as('admin'))));\nCREATE POLICY may_create ON app.invitations FOR INSERT\n    TO lightning_api WITH CHECK (\n    invitations.organization_id = ANY((SELECT app.admin_of())::uuid[]) AND invitations.invited_by_id = (SELECT app.actor()) AND invitations.role <> 'owner' AND (SELECT app.acts_as('verified')) AND (SELECT app.acts_as('themself')));\nCREATE POLICY may_update ON app.invitations FOR UPDATE\n    TO lightning_api USING (\n    invitations.organization_id = ANY((SELECT app.admin_of())::uuid[]) AND (SELECT app.acts_as('verified')) AND (SELECT app.acts_as('themself')));\nCREATE POLICY may_delete ON app.invitations FOR DELETE\n    TO lightning_api USING (\n    (invitations.user_id = (SELECT app.actor()) OR invitations.organization_id = ANY((SELECT app.admin_of())::uuid[])) AND (SELECT app.acts_as('themself')));\n");
            migrationBuilder.Sql("-- Generated from MembershipPolicy.\nALTER TABLE app.memberships ENABLE ROW LEVEL SECURITY;\nCREATE POLICY may_read ON app.memberships FOR SELECT\n    TO lightning_api USING (\n    (memberships.organization_id = ANY((SELECT app.member_of())::uuid[]))\n    OR ((SELECT app.acts_as('admin'))));\nCREATE POLICY may_update ON app.memberships FOR UPDATE\n    TO lightning_api USING (\n    (memberships.organization_id = ANY((SELECT app.owner_of())::uuid[]) OR (memberships.organization_id = ANY((SELECT app.admin_of())::uuid[]) AND memberships.role <> 'owner')) AND (SELECT app.acts_as('themself')));\nCREATE POLICY may_delete ON app.memberships FOR DELETE\n    TO lightning_api USING (\n    ((memberships.organization_id = ANY((SELECT app.member_of())::uuid[]) AND memberships.user_id = (SELECT app.actor())) OR memberships.organization_id = ANY((SELECT app.owner_of())::uuid[]) OR (memberships.organization_id = ANY((SELECT app.admin_of())::uuid[]) AND memberships.role <> 'owner')) AND (SELECT app.acts_as('themself')));\n");
            migrationBuilder.Sql("-- Generated from NotePolicy.\nALTER TABLE app.notes ENABLE ROW LEVEL SECURITY;\nCREATE POLICY may_read ON app.notes FOR SELECT\n    TO lightning_api USING (\n    (notes.owner_id = (SELECT app.actor()) AND notes.organization_id IS NULL)\n    OR (notes.organization_id = ANY((SELECT app.member_of())::uuid[]))\n    OR ((SELECT app.acts_as('admin')))\n    OR (EXISTS (\n        SELECT 1\n        FROM app.note_shares AS n0\n        WHERE notes.id = n0.note_id AND n0.user_id = (SELECT app.actor()))));\nCREATE POLICY may_create ON app.notes FOR INSERT\n    TO lightning_api WITH CHECK (\n    ((notes.owner_id = (SELECT app.actor()) AND notes.organization_id IS NULL) OR (notes.organization_id = ANY((SELECT app.member_of())::uuid[]) AND notes.owner_id = (SELECT app.actor()))) AND (SELECT app.acts_as('writer')));\nCREATE POLICY may_update ON app.notes FOR UPDATE\n    TO lightning_api USING (\n    (((notes.owner_id = (SELECT app.actor()) AND notes.organization_id IS NULL) OR notes.organization_id = ANY((SELECT app.member_of())::uuid[])) AND (SELECT app.acts_as('writer')))\n    OR (EXISTS (\n        SELECT 1\n        FROM app.note_shares AS n0\n        WHERE notes.id = n0.note_id AND n0.user_id = (SELECT app.actor()) AND n0.can_edit) AND (SELECT app.acts_as('writer'))));\nCREATE POLICY may_delete ON app.notes FOR DELETE\n    TO lightning_api USING (\n    ((notes.owner_id = (SELECT app.actor()) AND notes.organization_id IS NULL) OR (notes.organization_id = ANY((SELECT app.member_of())::uuid[]) AND notes.owner_id = (SELECT app.actor())) OR notes.organization_id = ANY((SELECT app.admin_of())::uuid[])) AND (SELECT app.acts_as('verified')) AND (SELECT app.acts_as('writer')));\n");
            migrationBuilder.Sql("-- Generated from NoteSharePolicy.\nCREATE FUNCTION app.note_shares_giver(note_id uuid)\nRETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$\n    SELECT coalesce(EXISTS (SELECT FROM (SELECT) AS one INNER JOIN app.notes AS n0 ON note_shares_giver.note_id = n0.id WHERE n0.owner_id = (SELECT app.actor()) AND n0.organization_id IS NULL), false) $$;\nALTER TABLE app.note_shares ENABLE ROW LEVEL SECURITY;\nCREATE POLICY may_read ON app.note_shares FOR SELECT\n    TO lightning_api USING (\n    (note_shares.user_id = (SELECT app.actor()))\n    OR ((SELECT app.acts_as('admin')))\n    OR (app.note_shares_giver(note_shares.note_id)));\nCREATE POLICY may_create ON app.note_shares FOR INSERT\n    TO lightning_api WITH CHECK (\n    app.note_shares_giver(note_shares.note_id) AND (SELECT app.acts_as('verified')) AND (SELECT app.acts_as('themself')));\nCREATE POLICY may_update ON app.note_shares FOR UPDATE\n    TO lightning_api USING (\n    app.note_shares_giver(note_shares.note_id) AND (SELECT app.acts_as('themself')));\nCREATE POLICY may_delete ON app.note_shares FOR DELETE\n    TO lightning_api USING (\n    (app.note_shares_giver(note_shares.note_id) OR note_shares.user_id = (SELECT app.actor())) AND (SELECT app.acts_as('writer')));\n");
            migrationBuilder.Sql("-- Generated from OrganizationPolicy.\nALTER TABLE app.organizations ENABLE ROW LEVEL SECURITY;\nCREATE POLICY may_read ON app.organizations FOR SELECT\n    TO lightning_api USING (\n    (organizations.id = ANY((SELECT app.member_of())::uuid[]))\n    OR ((SELECT app.acts_as('admin'))));\nCREATE POLICY may_create ON app.organizations FOR INSERT\n    TO lightning_api WITH CHECK (\n    (SELECT app.acts_as('verified')) AND (SELECT app.acts_as('themself')));\nCREATE POLICY may_update ON app.organizations FOR UPDATE\n    TO lightning_api USING (\n    organizations.id = ANY((SELECT app.admin_of())::uuid[]) AND (SELECT app.acts_as('writer')));\nCREATE POLICY may_delete ON app.organizations FOR DELETE\n    TO lightning_api USING (\n    organizations.id = ANY((SELECT app.owner_of())::uuid[]) AND (SELECT app.acts_as('verified')) AND (SELECT app.acts_as('themself')));\n");
            migrationBuilder.Sql("-- Generated from UserPolicy.\nALTER TABLE app.users ENABLE ROW LEVEL SECURITY;\nCREATE POLICY may_read ON app.users FOR SELECT\n    TO lightning_api USING (\n    (users.id = (SELECT app.actor()))\n    OR ((SELECT app.acts_as('admin'))));\nCREATE POLICY may_update ON app.users FOR UPDATE\n    TO lightning_api USING (\n    ((users.id = (SELECT app.actor()) AND (SELECT app.acts_as('themself'))) OR (SELECT app.acts_as('admin'))) AND (SELECT app.acts_as('writer')));\nCREATE POLICY may_delete ON app.users FOR DELETE\n    TO lightning_api USING (\n    (SELECT app.acts_as('admin')) AND users.id <> (SELECT app.actor()) AND (SELECT app.acts_as('writer')));\n");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) =>
            migrationBuilder.Sql("DROP SCHEMA app, audit, identity, keys, web CASCADE");
    }
}
