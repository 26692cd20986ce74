using Lightning.Benchmarks;

// Ratios within one run against a baseline beside it, medians of several rounds; absolute figures say more about the machine than about the code.
//   dotnet run -c Release --project tests/Lightning.Benchmarks
await GateBenchmark.RunAsync();
