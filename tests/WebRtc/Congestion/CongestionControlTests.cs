using QemuZeroCopy.WebRtc.Congestion;

namespace QemuZeroCopy.WebRtc.Tests.Congestion;

public sealed class CongestionControlTests
{
    private const long Ms = 1_000_000;

    private readonly CongestionControl _control = new(new CongestionOptions());
    private long _nowNs = 1_000 * Ms;
    private long _sequence;

    [Fact]
    public void The_tail_of_a_picture_is_asked_after_until_its_fate_is_known()
    {
        Send(PacketClass.Video);
        Assert.Equal(1, AskedWithin(1_000));
        Report(Send(PacketClass.Probe), received: true);
        Assert.Equal(0, AskedWithin(10_000));
    }

    [Fact]
    public void Sound_over_a_still_screen_has_no_picture_repeated()
    {
        Report(Send(PacketClass.Video), received: true);
        int probes = 0;
        for (int i = 0; i < 100; i++)
        {
            // Comfort noise is that far apart, and browsers report that late.
            SentPacket sound = Send(PacketClass.Audio);
            probes += AskedWithin(250);
            Report(sound, received: true);
            probes += AskedWithin(150);
        }

        Assert.Equal(0, probes);
    }

    [Fact]
    public void Sound_that_arrived_after_a_picture_tells_of_its_tail()
    {
        Send(PacketClass.Video);
        Report(Send(PacketClass.Audio), received: true);
        Assert.Equal(0, AskedWithin(10_000));
    }

    private SentPacket Send(PacketClass kind)
    {
        var packet = new SentPacket(_sequence++, 1000, _nowNs, kind);
        _control.OnSent(packet);
        return packet;
    }

    private void Report(SentPacket packet, bool received) =>
        _control.OnFeedback(_nowNs, [new PacketResult(packet, received ? packet.SentNs + 5 * Ms : PacketResult.NotReceived)]);

    /// <summary>Whether within this time the control asked for a repetition: the bytes that it asked for.</summary>
    private int AskedWithin(int ms)
    {
        int asked = 0;
        for (int i = 0; i < ms; i++)
        {
            _nowNs += Ms;
            if (_nowNs >= _control.NextTimeoutNs(hasPackets: false))
                _control.HandleTimeout(_nowNs);
            asked = Math.Max(asked, _control.ProbeBytes(_nowNs));
        }

        return asked;
    }
}
