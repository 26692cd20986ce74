using Lightning.Testing;

[assembly: AssemblyFixture(typeof(PostgresServer))]
