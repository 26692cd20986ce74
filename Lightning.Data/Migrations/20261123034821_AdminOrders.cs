using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class AdminOrders : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_sessions_user_id",
                schema: "identity",
                table: "sessions");

            migrationBuilder.DropIndex(
                name: "ix_entries_at",
                schema: "audit",
                table: "entries");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_user_id_created_at_id",
                schema: "identity",
                table: "sessions",
                columns: new[] { "user_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_entries_at_id",
                schema: "audit",
                table: "entries",
                columns: new[] { "at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_entries_subject_type_id",
                schema: "audit",
                table: "entries",
                columns: new[] { "subject_type", "id" },
                filter: "subject_type IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_sessions_user_id_created_at_id",
                schema: "identity",
                table: "sessions");

            migrationBuilder.DropIndex(
                name: "ix_entries_at_id",
                schema: "audit",
                table: "entries");

            migrationBuilder.DropIndex(
                name: "ix_entries_subject_type_id",
                schema: "audit",
                table: "entries");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_user_id",
                schema: "identity",
                table: "sessions",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_entries_at",
                schema: "audit",
                table: "entries",
                column: "at")
                .Annotation("Npgsql:IndexMethod", "brin");
        }
    }
}
