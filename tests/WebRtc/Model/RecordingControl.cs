using QemuZeroCopy.WebRtc.Congestion;

namespace QemuZeroCopy.WebRtc.Tests.Model;

/// <summary>Congestion control that allows what the test says, and keeps what it is told.</summary>
internal sealed class RecordingControl : ICongestionControl
{
    public List<SentPacket> Sent { get; } = [];

    public List<PacketResult> Results { get; } = [];

    public int Budget { get; set; } = int.MaxValue;

    public int Probe { get; set; }

    public int Frames { get; private set; }

    public RateTarget Target => new(1_000_000, 2_000_000, false);

    public long RoundTripNs => 0;

    public double LossShare => 0;

    public bool IsTailConfirmed => false;

    public int ProbeId => 5;

    public void OnFrame(long nowNs, int bytes, long frameIntervalNs) => Frames++;

    public void OnSent(in SentPacket packet)
    {
        Sent.Add(packet);
        Budget = Math.Max(0, Budget - packet.SizeBytes);
        Probe = Math.Max(0, Probe - packet.SizeBytes);
    }

    public void OnFeedback(long nowNs, ReadOnlySpan<PacketResult> results) => Results.AddRange(results);

    public int BudgetBytes(long nowNs) => Budget;

    public int ProbeBytes(long nowNs) => Probe;

    public long NextTimeoutNs(bool hasPackets) => long.MaxValue;

    public void HandleTimeout(long nowNs)
    {
    }
}
