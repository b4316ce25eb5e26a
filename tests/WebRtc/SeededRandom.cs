namespace QemuZeroCopy.WebRtc.Tests;

/// <summary>Random from a seed that a failing test prints; QZC_SEED replays one.</summary>
internal sealed class SeededRandom(int seed)
{
    private readonly Random _random = new(seed);

    public SeededRandom()
        : this(FromEnvironment())
    {
    }

    public int Seed { get; } = seed;

    public Random Random => _random;

    public void Fill(Span<byte> destination) => _random.NextBytes(destination);

    public override string ToString() => $"QZC_SEED={Seed}";

    private static int FromEnvironment() =>
        int.TryParse(Environment.GetEnvironmentVariable("QZC_SEED"), out int seed) ? seed : Random.Shared.Next();
}
