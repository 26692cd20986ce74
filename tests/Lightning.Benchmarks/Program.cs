using Lightning.Benchmarks;
using Lightning.Testing;

// Reports ratios to a baseline in the same run, as medians of several rounds: absolute numbers depend on the machine.
//   dotnet run -c Release --project tests/Lightning.Benchmarks -- [benchmark]
// with gate, rules, proxy, sessions, identity, flood, provider, admin or start; without a name, all but start.
if (args is ["yarp", var upstream, .. var with])
{
    await ProxyBenchmark.ServeYarpAsync(upstream, cookie: with is ["cookie"]);
    return;
}
if (args is ["floor", var connectionString])
{
    await RefreshFloor.ServeAsync(connectionString);
    return;
}
if (args is ["admin-floor", var listed, var page])
{
    await AdminFloor.ServeAsync(listed, page);
    return;
}
if (args is ["openiddict", var openIddictDatabase, var mode])
{
    await OpenIddictServer.ServeAsync(openIddictDatabase, mode);
    return;
}
if (args is ["start"])
{
    await StartBenchmark.RunAsync();
    return;
}
await using var server = new PostgresServer();
await server.InitializeAsync();
var only = args.FirstOrDefault();
if (only is null or "gate")
    await GateBenchmark.RunAsync(server);
if (only is null or "rules")
    await RulesBenchmark.RunAsync(server);
if (only is null or "proxy")
    await ProxyBenchmark.RunAsync(server);
if (only is null or "sessions")
    await SessionBenchmark.RunAsync(server);
if (only is null or "identity" or "flood")
    await IdentityBenchmark.RunAsync(server, floodAlone: only is "flood");
if (only is null or "provider")
    await ProviderBenchmark.RunAsync(server);
if (only is null or "admin")
    await AdminBenchmark.RunAsync(server);
