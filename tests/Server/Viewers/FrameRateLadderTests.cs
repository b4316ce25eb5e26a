using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Tests.Viewers;

public class FrameRateLadderTests
{
    private static readonly PictureSize s_size = new(1920, 1080);

    private readonly FrameRateLadder _ladder = new();
    private long _nowNs = 1_000_000_000;

    [Fact]
    public void A_path_with_room_has_every_picture() => Assert.Equal([60], Rates(8_000_000, seconds: 10));

    [Theory]
    [InlineData(2_000_000, 30)]
    [InlineData(1_000_000, 20)]
    [InlineData(700_000, 15)]
    [InlineData(100_000, 15)]
    public void A_narrow_path_has_as_many_as_it_can_draw(int bitsPerSecond, int expected)
    {
        Rates(8_000_000, 5);
        Assert.Equal([60, expected], Rates(bitsPerSecond, 10));
    }

    [Fact]
    public void A_short_dip_changes_nothing()
    {
        Rates(8_000_000, 5);
        Assert.Equal([60], Rates(500_000, 0.4));
        Assert.Equal([60], Rates(8_000_000, 5));
    }

    [Fact]
    public void The_way_up_is_slow_and_step_by_step()
    {
        Rates(600_000, 5);
        Assert.Equal([15], Rates(8_000_000, 1.9));
        Assert.Equal([15, 20, 30, 60], Rates(8_000_000, 10));
    }

    [Fact]
    public void Around_a_rungs_edge_nothing_flickers()
    {
        Rates(2_000_000, 5);
        var seen = new HashSet<int>();
        for (int i = 0; i < 100; i++)
            seen.UnionWith(Rates(i % 2 == 0 ? 2_600_000 : 2_300_000, 0.7));
        Assert.Equal([30], seen);
    }

    [Fact]
    public void A_smaller_screen_needs_less() => Assert.Equal(60, new FrameRateLadder().Advise(0, 600_000, new PictureSize(640, 480), 60));

    /// <summary>What is advised at this rate, in the order in which it changes, looked at every 50 ms.</summary>
    private List<int> Rates(int bitsPerSecond, double seconds)
    {
        var rates = new List<int>();
        for (long end = _nowNs + (long)(seconds * 1e9); _nowNs < end; _nowNs += 50_000_000)
        {
            int rate = _ladder.Advise(_nowNs, bitsPerSecond, s_size, 60);
            if (rates.Count == 0 || rates[^1] != rate)
                rates.Add(rate);
        }

        return rates;
    }
}
