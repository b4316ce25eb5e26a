namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>Limits of one association; everything that a peer can make us hold follows from these.</summary>
internal sealed record SctpOptions
{
    /// <summary>SCTP port of both ends, as a=sctp-port says (RFC 8841).</summary>
    public ushort LocalPort { get; init; } = 5000;

    public ushort RemotePort { get; init; } = 5000;

    /// <summary>
    /// Bytes of the largest SCTP packet: a 1200-byte datagram less the DTLS record (13 + 8 + 16 for AES-GCM).
    /// </summary>
    public int MaxPacketBytes { get; init; } = 1160;

    /// <summary>Streams each way; identifiers at or above it are refused.</summary>
    public int MaxStreams { get; init; } = 256;

    /// <summary>Channels open at once; a further DATA_CHANNEL_OPEN is answered by resetting its stream.</summary>
    public int MaxChannels { get; init; } = 32;

    /// <summary>Largest message taken from the peer: what a=max-message-size says (RFC 8841 section 6).</summary>
    public int MaxMessageBytes { get; init; } = 256 * 1024;

    /// <summary>Received and not yet taken: one message being put together and another one waiting to be polled.</summary>
    public int ReceiveBufferBytes => 2 * MaxMessageBytes;

    /// <summary>Accepted from the host and not yet acknowledged by the peer.</summary>
    public int SendBufferBytes { get; init; } = 512 * 1024;

    /// <summary>Time without an acknowledgement, in ms, after which data is repeated at the earliest (RFC 9260 RTO.Min).</summary>
    public int MinRetransmitMs { get; init; } = 200;

    /// <summary>Packets of the handshake before it is given up (RFC 9260 Max.Init.Retransmits).</summary>
    public int MaxInitRetransmits { get; init; } = 8;

    /// <summary>Time-outs in a row before the peer is taken for gone (RFC 9260 Association.Max.Retrans).</summary>
    public int MaxRetransmits { get; init; } = 10;
}

/// <summary>How a channel's messages are delivered (RFC 8832 section 5.1); the same both ways.</summary>
/// <param name="IsOrdered">Whether messages come in the order of sending.</param>
/// <param name="MaxRetransmits">How often a lost message is repeated; null for until it arrives.</param>
/// <param name="MaxLifetimeMs">For how long a message is worth sending; null for ever.</param>
internal readonly record struct Reliability(bool IsOrdered, ushort? MaxRetransmits = null, ushort? MaxLifetimeMs = null)
{
    /// <summary>Ordered, repeated until it arrives.</summary>
    public static Reliability Full => new(true);

    /// <summary>Neither ordered nor repeated: pointer motion.</summary>
    public static Reliability Motion => new(false, MaxRetransmits: 0);
}

/// <summary>What became of a message given to <see cref="SctpAssociation.Send"/>.</summary>
internal enum SendOutcome
{
    /// <summary>Taken.</summary>
    Queued,

    /// <summary>The channel is not open, or the association has ended.</summary>
    NotOpen,

    /// <summary>The send buffer is full: the peer does not keep up.</summary>
    BufferFull,

    /// <summary>Larger than the whole send buffer can ever take.</summary>
    TooLarge,
}

/// <summary>Where an association stands (RFC 9260 section 4).</summary>
internal enum SctpState
{
    Closed,
    CookieWait,
    CookieEchoed,
    Established,
    ShutdownPending,
    ShutdownSent,
    ShutdownReceived,
    ShutdownAckSent,

    /// <summary>Over, for good: aborted, shut down, or given up.</summary>
    Ended,
}

/// <summary>What was refused or repeated, for statistics.</summary>
internal sealed class SctpCounters
{
    /// <summary>Packets whose checksum, ports, verification tag or chunk lengths were wrong.</summary>
    public long PacketsRefused { get; set; }

    /// <summary>COOKIE-ECHO with a wrong signature, or too old.</summary>
    public long CookiesRefused { get; set; }

    /// <summary>DATA without room for it, out of the window, or on a stream that may not be.</summary>
    public long DataRefused { get; set; }

    public long DuplicateData { get; set; }

    /// <summary>Messages on streams without a channel, or with an unknown payload protocol.</summary>
    public long MessagesRefused { get; set; }

    public long ChunksSent { get; set; }

    public long ChunksRepeated { get; set; }

    /// <summary>Messages given up by partial reliability.</summary>
    public long MessagesAbandoned { get; set; }
}
