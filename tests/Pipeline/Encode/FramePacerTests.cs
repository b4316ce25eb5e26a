using QemuZeroCopy.Pipeline.Encode;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

public sealed class FramePacerTests
{
    private const long Ms = 1_000_000;

    [Fact]
    public void A_guest_at_the_same_rate_with_jitter_is_never_held_back()
    {
        var pacer = new FramePacer(50);
        var random = new Random(1);
        for (int i = 1; i < 500; i++)
        {
            long now = i * 20 * Ms + random.Next(-8, 9) * Ms;
            Assert.True(pacer.WaitNs(now) <= 0);
            pacer.Take(now);
        }
    }

    [Fact]
    public void A_guest_that_was_late_once_is_not_held_back_for_ever()
    {
        var pacer = new FramePacer(50);
        long held = 0;
        for (int i = 1; i < 200; i++)
        {
            // Two pictures come together, and the rest in time as if nothing had been.
            long now = (i == 50 ? 50 * 20 + 25 : i == 51 ? 51 * 20 + 6 : i * 20) * Ms;
            held = Math.Max(0, pacer.WaitNs(now));
            pacer.Take(now + held);
        }

        Assert.Equal(0, held);
    }

    [Fact]
    public void A_faster_guest_gets_the_rate_and_little_more()
    {
        var pacer = new FramePacer(50);
        int taken = 0;
        for (long now = 0; now < 1000 * Ms; now += Ms)
        {
            if (pacer.WaitNs(now) > 0)
                continue;
            pacer.Take(now);
            taken++;
        }

        Assert.InRange(taken, 50, 53);
    }

    [Fact]
    public void Key_frame_requests_are_put_together_but_never_lost()
    {
        var throttle = new KeyFrameThrottle();
        throttle.Request();
        Assert.True(throttle.IsDue(0));
        throttle.Sent(0);
        throttle.Request();
        Assert.False(throttle.IsDue(100 * Ms));
        Assert.True(throttle.IsDue(250 * Ms));
        throttle.ForceNow();
        Assert.True(throttle.IsDue(1));
    }
}
