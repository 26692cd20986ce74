using System.Data;
using System.Data.Common;
using Lightning.Data;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Api.Tests;

public class ExportTests(PostgresServer server)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Export_is_a_snapshot_only_with_its_transaction(bool isBroken)
    {
        ApiUnderTest api = null!;
        api = new ApiUnderTest(server)
        {
            Configure = services =>
                services.ConfigureDbContext<LightningDb>(options =>
                {
                    options.AddInterceptors(new Meanwhile(() => api.Database.ExecuteAsync("DELETE FROM app.notes")));
                    if (isBroken)
                        options.AddInterceptors(new EachStatementsOwnMoment());
                }),
        };
        await using var own = api;
        await api.InitializeAsync();
        var ada = await api.SignInAsync("ada");
        await ada.ShareAsync(await ada.WriteAsync("Given"), await api.SignInAsync("bob"));
        var export = await ada.ReadAsync("/api/v1/me/export");
        export.GetProperty("notes").GetArrayLength().ShouldBe(1);
        export.GetProperty("sharesGiven").GetArrayLength().ShouldBe(isBroken ? 0 : 1);
        (await ada.TitlesAsync()).ShouldBeEmpty();
    }

    /// <summary>Runs an action after the notes have been read and before the shares.</summary>
    sealed class Meanwhile(Func<Task> act) : DbCommandInterceptor
    {
        bool hasRead,
            isDone;

        public override async ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<DbDataReader> result,
            CancellationToken cancellationToken = default
        )
        {
            if (command.Transaction is null)
                return result;
            if (hasRead && !isDone && command.CommandText.Contains("FROM app.note_shares", StringComparison.Ordinal))
            {
                isDone = true;
                await act();
            }
            hasRead |= command.CommandText.Contains("FROM app.notes", StringComparison.Ordinal);
            return result;
        }
    }

    sealed class EachStatementsOwnMoment : DbTransactionInterceptor
    {
        public override async ValueTask<InterceptionResult<DbTransaction>> TransactionStartingAsync(
            DbConnection connection,
            TransactionStartingEventData eventData,
            InterceptionResult<DbTransaction> result,
            CancellationToken cancellationToken = default
        ) =>
            InterceptionResult<DbTransaction>.SuppressWithResult(
                await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken)
            );
    }
}
