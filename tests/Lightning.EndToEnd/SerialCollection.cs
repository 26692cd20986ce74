[assembly: Trait("Timing", "Alone")]

namespace Lightning.EndToEnd;

/// <summary>Runs without other tests, which would distort the measured times.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SerialCollection
{
    public const string Name = "serial";
}
