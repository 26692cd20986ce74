using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class AccountSecurity : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<byte[]>(
                name: "totp_key",
                schema: "identity",
                table: "accounts",
                type: "bytea",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "totp_last_step",
                schema: "identity",
                table: "accounts",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "account_id",
                schema: "identity",
                table: "account_links",
                type: "uuid",
                nullable: true);

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

            migrationBuilder.CreateIndex(
                name: "ix_account_links_account_id",
                schema: "identity",
                table: "account_links",
                column: "account_id");

            migrationBuilder.AddForeignKey(
                name: "fk_account_links_asp_net_users_account_id",
                schema: "identity",
                table: "account_links",
                column: "account_id",
                principalSchema: "identity",
                principalTable: "accounts",
                principalColumn: "id",
                onDelete: ReferentialAction.Cascade);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "fk_account_links_asp_net_users_account_id",
                schema: "identity",
                table: "account_links");

            migrationBuilder.DropTable(
                name: "account_recovery_codes",
                schema: "identity");

            migrationBuilder.DropIndex(
                name: "ix_account_links_account_id",
                schema: "identity",
                table: "account_links");

            migrationBuilder.DropColumn(
                name: "totp_key",
                schema: "identity",
                table: "accounts");

            migrationBuilder.DropColumn(
                name: "totp_last_step",
                schema: "identity",
                table: "accounts");

            migrationBuilder.DropColumn(
                name: "account_id",
                schema: "identity",
                table: "account_links");
        }
    }
}
