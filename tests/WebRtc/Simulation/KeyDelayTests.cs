using System.Globalization;

namespace QemuZeroCopy.WebRtc.Tests.Simulation;

public class KeyDelayTests
{
    [Theory]
    [InlineData(40, 0.02)]
    [InlineData(40, 0.05)]
    [InlineData(80, 0.02)]
    [InlineData(80, 0.05)]
    public void A_lost_key_takes_effect_by_its_copy_long_before_it_is_repeated(double roundTripMs, double loss)
    {
        var seed = new SeededRandom();
        double[] ordered = KeyDelay.Measure(roundTripMs, loss, 400, copies: false, seed.Seed);
        double[] copied = KeyDelay.Measure(roundTripMs, loss, 400, copies: true, seed.Seed);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{roundTripMs} ms, {loss:P0}, {seed}: {Words(ordered)}; with copies {Words(copied)}"));
        // Of 800 messages some are lost for certain; of a message and both of its copies all hardly ever.
        Assert.InRange(ordered[^1], 300, 60_000);
        Assert.InRange(copied[copied.Length * 99 / 100], 0, 60);
    }

    private static string Words(double[] delays) => string.Create(
        CultureInfo.InvariantCulture, $"p95 {delays[delays.Length * 95 / 100]:0} p99 {delays[delays.Length * 99 / 100]:0} max {delays[^1]:0} ms");
}
