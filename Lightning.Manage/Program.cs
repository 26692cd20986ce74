using System.CommandLine;
using Lightning.Manage;
using Lightning.Manage.Seed;
using Lightning.ServiceDefaults;

var root = new RootCommand("Manages Lightning: the database, administrators, sessions and signing keys.")
{
    MigrateCommand.Create(),
    CreateAdminCommand.Create(),
    SessionsCommand.Create(),
    KeysCommand.Create(),
    SeedCommand.Create(),
};

// Configuration errors print one sentence; unexpected exceptions keep their stack trace.
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception ex) when (StartupErrors.Describe(ex) is { } sentence)
{
    Console.Error.WriteLine(sentence);
    return 1;
}
