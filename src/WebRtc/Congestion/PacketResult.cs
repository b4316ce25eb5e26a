namespace QemuZeroCopy.WebRtc.Congestion;

/// <summary>What a sent packet carried.</summary>
public enum PacketClass : byte
{
    /// <summary>Video, sent for the first time.</summary>
    Video,

    /// <summary>Audio.</summary>
    Audio,

    /// <summary>A repeated packet (RFC 4588).</summary>
    Retransmission,

    /// <summary>Parity over video packets (FlexFEC).</summary>
    Parity,

    /// <summary>Padding or repetition sent only to probe the path.</summary>
    Probe,
}

/// <summary>One packet as it left, numbered by the transport-wide sequence.</summary>
/// <param name="Sequence">Transport-wide sequence number, widened past its 16 bits: grows by one for each packet of the connection.</param>
/// <param name="SizeBytes">Bytes of the UDP payload.</param>
/// <param name="SentNs">When it was handed to the host, in ns of the host's monotonic clock.</param>
/// <param name="Class">What it carried.</param>
/// <param name="ProbeId">The probe that it belongs to; 0 for none.</param>
public readonly record struct SentPacket(long Sequence, int SizeBytes, long SentNs, PacketClass Class, int ProbeId = 0);

/// <summary>What transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) said of one packet.</summary>
/// <param name="Sent">The packet as it left.</param>
/// <param name="ReceivedNs">
/// When it arrived, in ns of the receiver's clock, whose origin is arbitrary: only differences mean something.
/// <see cref="NotReceived"/> for a packet reported as lost (a later feedback may still report it as received).
/// </param>
public readonly record struct PacketResult(SentPacket Sent, long ReceivedNs)
{
    /// <summary>Marks a packet that the feedback spans but that had not arrived.</summary>
    public const long NotReceived = long.MinValue;

    /// <summary>Whether it arrived.</summary>
    public bool IsReceived => ReceivedNs != NotReceived;
}
