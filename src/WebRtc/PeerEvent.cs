namespace QemuZeroCopy.WebRtc;

/// <summary>What a <see cref="PeerEvent"/> tells.</summary>
public enum PeerEventKind
{
    /// <summary>ICE has a nominated address and DTLS is through: media may flow. Once per connection.</summary>
    Connected,

    /// <summary>The connection has ended (see <see cref="PeerEvent.CloseReason"/>). The last event; dispose of the connection.</summary>
    Closed,

    /// <summary>
    /// The viewer cannot go on decoding <see cref="PeerEvent.Track"/> without a key frame (or another entry
    /// point): it has just come, has said PLI or FIR, or was too slow and skips. Already throttled per viewer.
    /// </summary>
    KeyFrameNeeded,

    /// <summary>
    /// Packets of <see cref="PeerEvent.Track"/> were lost and can no longer be repeated in time; decoding goes
    /// on with visible damage. An encoder with intra-refresh may start a sweep.
    /// </summary>
    RefreshWanted,

    /// <summary>New figures stand in the connection's statistics: round trip, loss, rate target.</summary>
    Feedback,

    /// <summary>A data channel is open: <see cref="PeerEvent.Channel"/> is its stream, Data its label in UTF-8.</summary>
    ChannelOpened,

    /// <summary>A message on <see cref="PeerEvent.Channel"/>.</summary>
    ChannelMessage,

    /// <summary>A data channel was closed by the peer.</summary>
    ChannelClosed,

    /// <summary>All data channels are gone with their SCTP association; the media goes on.</summary>
    ChannelsLost,

    /// <summary>One Opus packet of the viewer's microphone; Data is its payload.</summary>
    Microphone,
}

/// <summary>Why a connection ended.</summary>
public enum CloseReason
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>The host closed it.</summary>
    Local,

    /// <summary>The peer said goodbye (DTLS close_notify).</summary>
    Peer,

    /// <summary>Nothing authentic was heard for too long (RFC 7675 consent).</summary>
    ConsentExpired,

    /// <summary>No connection came about in time.</summary>
    ConnectTimeout,

    /// <summary>The DTLS handshake failed.</summary>
    HandshakeFailed,

    /// <summary>The peer's certificate is not the one that its offer named.</summary>
    FingerprintMismatch,

    /// <summary>The peer did not agree to an SRTP profile that we have.</summary>
    NoSrtpProfile,
}

/// <summary>
/// One thing that happened. <see cref="Data"/> points into the connection and is valid until the next call
/// on it: copy what must outlive that.
/// </summary>
public readonly ref struct PeerEvent
{
    /// <summary>What happened.</summary>
    public PeerEventKind Kind { get; init; }

    /// <summary>The video track, as an index into <see cref="SessionOptions.VideoTracks"/>.</summary>
    public int Track { get; init; }

    /// <summary>The data channel's stream identifier.</summary>
    public ushort Channel { get; init; }

    /// <summary>Whether a message is binary; else it is UTF-8 text.</summary>
    public bool IsBinary { get; init; }

    /// <summary>For <see cref="PeerEventKind.Microphone"/>: the RTP timestamp, 48 kHz.</summary>
    public uint RtpTimestamp { get; init; }

    /// <summary>For <see cref="PeerEventKind.Microphone"/>: the RTP sequence number, widened past its 16 bits.</summary>
    public long Sequence { get; init; }

    /// <summary>For <see cref="PeerEventKind.Closed"/>.</summary>
    public CloseReason CloseReason { get; init; }

    /// <summary>The message, label or payload.</summary>
    public ReadOnlySpan<byte> Data { get; init; }
}
