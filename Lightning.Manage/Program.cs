using System.CommandLine;
using Lightning.Manage;
using Lightning.Manage.Seed;
using Lightning.ServiceDefaults;

var root = new RootCommand("Runs Lightning: the database, administrators, sessions, keys.")
{
    MigrateCommand.Create(),
    CreateAdminCommand.Create(),
    SessionsCommand.Create(),
    KeysCommand.Create(),
    SeedCommand.Create(),
};

// What a person can mend is one sentence; anything else is a fault of the program and keeps its stack trace.
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception fault) when (StartupFaults.Sentence(fault) is { } sentence)
{
    Console.Error.WriteLine(sentence);
    return 1;
}
