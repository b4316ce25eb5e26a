namespace QemuZeroCopy.WebRtc.Congestion;

/// <summary>What the path is believed to carry, and how to send.</summary>
/// <param name="TargetBps">Bits per second for all media together; drives the encoder.</param>
/// <param name="PacingBps">Bits per second at which queued packets leave while the path shows a queue.</param>
/// <param name="PathShowsQueue">Whether packets stand in a queue on the path; while false a frame leaves as one or two bursts.</param>
public readonly record struct RateTarget(long TargetBps, long PacingBps, bool PathShowsQueue);

/// <summary>
/// The congestion control of one connection, for all its tracks together: told what leaves and what feedback says,
/// it answers with a <see cref="RateTarget"/> and with when what may be sent. It holds no packet. Clock-free, called by one thread.
/// </summary>
internal interface ICongestionControl
{
    /// <summary>The present target; ask again after <see cref="OnFeedback"/> and <see cref="HandleTimeout"/>.</summary>
    RateTarget Target { get; }

    /// <summary>Smoothed round trip in ns, from feedback; 0 before the first.</summary>
    long RoundTripNs { get; }

    /// <summary>Share of packets lost, 0 to 1, over about the last second.</summary>
    double LossShare { get; }

    /// <summary>Whether what was sent last, sound apart, is known to have arrived.</summary>
    bool IsTailConfirmed { get; }

    /// <summary>A frame of <paramref name="bytes"/> was queued; <paramref name="frameIntervalNs"/> is the time to the next one.</summary>
    void OnFrame(long nowNs, int bytes, long frameIntervalNs);

    /// <summary>Tells of every packet with a transport-wide number, as it leaves. Probe packets carry <see cref="ProbeId"/>.</summary>
    void OnSent(in SentPacket packet);

    /// <summary>One feedback message's packets, in order of their sequence.</summary>
    void OnFeedback(long nowNs, ReadOnlySpan<PacketResult> results);

    /// <summary>
    /// Bytes of new video that may leave now. Audio and repetitions do not ask: they go first and are only told by
    /// <see cref="OnSent"/>, which charges them. A packet may leave as long as this is above zero.
    /// </summary>
    int BudgetBytes(long nowNs);

    /// <summary>
    /// Bytes of probe packets (<see cref="PacketClass.Probe"/>, or video that waits) that shall leave now, beside the
    /// budget; 0 for none. Comes as small clusters around <see cref="NextTimeoutNs"/>.
    /// </summary>
    int ProbeBytes(long nowNs);

    /// <summary>The cluster that packets sent now belong to; 0 for none.</summary>
    int ProbeId { get; }

    /// <summary>When the budget or a probe opens again, or state is to be looked at, in ns; <see cref="long.MaxValue"/> for never.</summary>
    /// <param name="hasPackets">Whether video waits for budget.</param>
    long NextTimeoutNs(bool hasPackets);

    /// <summary>Runs what is due: feedback that stays away, a probe's end, application-limited periods.</summary>
    void HandleTimeout(long nowNs);
}
