using System.Diagnostics;
using QemuZeroCopy.Bench.Sound;

namespace QemuZeroCopy.Bench.Tests;

public sealed class BeepDelaysTests
{
    private readonly BeepDelays _beeps = new(maxMarkMs: 3);

    [Fact]
    public void A_line_that_comes_late_does_not_make_its_beep_early()
    {
        Add((1000, 0.4, 0), (1255, 0.4, 12), (1510, 0.4, 0.5));
        Assert.Equal(3, _beeps.Delays.Count);
        Assert.All(_beeps.Delays.Values, static delay => Assert.Equal(50, delay, 0.01));
        Assert.Equal((0, 0), (_beeps.Unseen, _beeps.Unheard));
    }

    [Fact]
    public void A_beep_that_the_guest_did_not_see_in_time_is_left_out()
    {
        Add((1000, 0.4, 0), (1255, 9, 0), (1510, 2.9, 0));
        Assert.Equal((2, 1, 3), (_beeps.Delays.Count, _beeps.Unseen, _beeps.Asked));
    }

    [Fact]
    public void A_guest_without_a_card_has_no_beeps()
    {
        _beeps.Add(2, [("beep none", 0)], []);
        Assert.Equal((0, 2), (_beeps.Delays.Count, _beeps.Asked));
    }

    /// <summary>Beeps at these ms of the guest's clock, told so much later, all heard 50 ms after they began.</summary>
    private void Add(params (double GuestMs, double WithinMs, double LateMs)[] marks)
    {
        const double host = 70_000;
        _beeps.Add(marks.Length,
            [.. marks.Select((mark, i) => ($"beep {i + 1} {mark.GuestMs * 1000:F0} {mark.WithinMs * 1000:F0}", (long)((host + mark.GuestMs + mark.LateMs) / 1000 * Stopwatch.Frequency)))],
            [.. marks.Select(mark => host + mark.GuestMs + 50)]);
    }
}
