using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Frames;

public sealed class UpdateBurstTests
{
    private const long Us = 1_000;
    private const long FrameNs = 16_666_667;

    private UpdateBurst _burst;

    [Fact]
    public void A_guest_that_tells_each_picture_at_once_is_never_waited_for()
    {
        for (long frame = 1; frame < 100; frame++)
            Assert.Equal(0, Told(frame, [0]));
    }

    [Fact]
    public void The_second_half_of_every_picture_is_waited_for_once_that_is_a_habit()
    {
        for (long frame = 1; frame <= 3; frame++)
            Assert.Equal(0, Told(frame, [0, 300 * Us]));
        for (long frame = 4; frame < 100; frame++)
        {
            _burst.Add(frame * FrameNs, mayHold: true);
            Assert.InRange(_burst.HoldNs(frame * FrameNs), 300 * Us, 600 * Us);
            _burst.Add(frame * FrameNs + 300 * Us, mayHold: true);
            Assert.Equal(0, _burst.HoldNs(frame * FrameNs + 300 * Us));
        }
    }

    [Fact]
    public void A_half_that_does_not_come_is_waited_for_twice_its_usual_time_and_once()
    {
        for (long frame = 1; frame <= 5; frame++)
            Told(frame, [0, 300 * Us]);
        _burst.Add(6 * FrameNs, mayHold: true);
        Assert.Equal(600 * Us, _burst.HoldNs(6 * FrameNs));
        Assert.True(_burst.HoldNs(6 * FrameNs + 600 * Us) <= 0);
        Assert.Equal(0, Told(7, [0]));
        Assert.Equal(0, Told(8, [0, 300 * Us]));
    }

    [Fact]
    public void Changing_numbers_of_updates_are_no_habit()
    {
        var random = new Random(7);
        int held = 0;
        for (long frame = 1; frame < 300; frame++)
            held += Told(frame, [.. Enumerable.Range(0, 1 + (int)(frame % 3)).Select(i => i * (100 + random.Next(100)) * Us)]) > 0 ? 1 : 0;
        Assert.Equal(0, held);
    }

    [Fact]
    public void A_guest_that_waits_for_us_is_not_waited_for()
    {
        for (long frame = 1; frame < 10; frame++)
            Told(frame, [0, 300 * Us]);
        _burst.Add(10 * FrameNs, mayHold: false);
        Assert.Equal(0, _burst.HoldNs(10 * FrameNs));
    }

    [Fact]
    public void Halves_too_far_apart_are_not_worth_waiting_for()
    {
        for (long frame = 1; frame < 20; frame++)
            Assert.Equal(0, Told(frame, [0, 2500 * Us]));
    }

    [Fact]
    public void An_endless_stream_of_updates_is_never_held()
    {
        for (long now = 1; now < 2_000_000 * Us; now += 500 * Us)
        {
            _burst.Add(now, mayHold: true);
            Assert.Equal(0, _burst.HoldNs(now));
        }
    }

    /// <summary>The updates of one picture, at these times after its frame's; for how long its first was to wait.</summary>
    private long Told(long frame, long[] afterNs)
    {
        long first = -1;
        foreach (long ns in afterNs)
        {
            long now = frame * FrameNs + ns;
            _burst.Add(now, mayHold: true);
            if (first < 0)
                first = Math.Max(0, _burst.HoldNs(now));
        }

        return first;
    }
}
