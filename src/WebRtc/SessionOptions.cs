namespace QemuZeroCopy.WebRtc;

/// <summary>Fills a span with unpredictable bytes; the host passes RandomNumberGenerator.Fill, a test a seeded source.</summary>
public delegate void FillRandom(Span<byte> destination);

/// <summary>Video codecs with an RTP payload format here.</summary>
public enum VideoCodecKind
{
    /// <summary>H.264 (RFC 6184), access units in Annex B.</summary>
    H264,

    /// <summary>H.265 (RFC 7798), access units in Annex B.</summary>
    H265,

    /// <summary>AV1 (AOM's RTP payload format), temporal units of OBUs with size fields.</summary>
    Av1,
}

/// <summary>Profiles that decide whether a browser takes a stream; chosen by the encoder's settings.</summary>
public enum VideoProfile
{
    /// <summary>Any: Main for H.265 and AV1, whatever is offered for H.264.</summary>
    Any,

    /// <summary>H.264 Constrained Baseline (profile-level-id 42e0xx).</summary>
    ConstrainedBaseline,

    /// <summary>H.264 Baseline (4200xx).</summary>
    Baseline,

    /// <summary>H.264 Main (4d00xx).</summary>
    Main,

    /// <summary>H.264 High (6400xx or 640cxx).</summary>
    High,

    /// <summary>4:4:4: H.264 High 4:4:4 Predictive (f400xx), AV1 profile 1.</summary>
    FullChroma,
}

/// <summary>What an encoder can make.</summary>
public readonly record struct VideoFormat(VideoCodecKind Codec, VideoProfile Profile = VideoProfile.Any);

/// <summary>One video track that a viewer may receive: a console of the machine.</summary>
/// <param name="StreamId">The msid: a token of letters and digits. Audio must not share it, else lip-sync delays the video.</param>
/// <param name="Formats">
/// What can be sent, best first. Of each codec the first one that the viewer offers is taken; the stream may change from
/// one taken codec to another with any key frame.
/// </param>
/// <param name="Needed">A codec without which the viewer is refused; null for none.</param>
public sealed record VideoTrackOptions(string StreamId, IReadOnlyList<VideoFormat> Formats, VideoCodecKind? Needed = null);

/// <summary>What one viewer may have. </summary>
public sealed record SessionOptions
{
    /// <summary>The n-th video m-line that wants to receive gets the n-th track; further m-lines are rejected.</summary>
    public required IReadOnlyList<VideoTrackOptions> VideoTracks { get; init; }

    /// <summary>The msid of the sound, or null for none. Opus, 48 kHz, stereo.</summary>
    public string? AudioStreamId { get; init; }

    /// <summary>Whether an m-line that sends audio is taken (as Opus).</summary>
    public bool AcceptMicrophone { get; init; }

    /// <summary>Whether an application m-line (data channels) is taken.</summary>
    public bool AcceptDataChannels { get; init; } = true;

    /// <summary>Target of the receiver's playout delay in ms, least and most (0 and 0: show at once).</summary>
    public (int MinMs, int MaxMs) PlayoutDelay { get; init; }
}

/// <summary>What all connections of one endpoint share.</summary>
public sealed record EndpointOptions
{
    /// <summary>This process's certificate.</summary>
    public required Dtls.DtlsCertificate Certificate { get; init; }

    /// <summary>Unpredictable bytes.</summary>
    public required FillRandom FillRandom { get; init; }

    /// <summary>
    /// Host candidates, best first: each address (v4 or v6, local or that of a NAT in front) with its port. Those of
    /// kind <see cref="TransportKind.Tcp"/> are offered as passive (RFC 6544), behind all UDP ones.
    /// </summary>
    public required IReadOnlyList<TransportAddress> Candidates { get; init; }

    /// <summary>
    /// Bytes of the largest datagram. 1200 passes everywhere; the video payload follows from it
    /// (<see cref="MaxVideoPayloadBytes"/>).
    /// </summary>
    public int MaxDatagramBytes { get; init; } = 1200;

    /// <summary>
    /// Payload bytes of one video packet: what is left in its parity beside RTP header, FlexFEC header, the packet's own
    /// extensions and the SRTP tag. A repetition takes less.
    /// </summary>
    public int MaxVideoPayloadBytes =>
        MaxDatagramBytes - Rtp.RtpHeader.LeanBytes - Rtp.FlexFec.MaxHeaderBytes - (Rtp.RtpHeader.FullBytes - Rtp.RtpHeader.FixedBytes) - Srtp.SrtpProfile.MaxOverheadBytes;

    /// <summary>Viewers at once; the next one is refused.</summary>
    public int MaxPeers { get; init; } = 256;

    /// <summary>Silence (no authentic STUN, DTLS, RTCP) after which a connection is closed, in ms.</summary>
    public int ConsentTimeoutMs { get; init; } = 12_000;

    /// <summary>Time that a connection has from the answer to the end of its handshake, in ms.</summary>
    public int ConnectTimeoutMs { get; init; } = 20_000;

    /// <summary>Stands in for the SCTP association of a connection whose handshake is through; null for the real one.</summary>
    internal Func<long, IDataTransport>? DataTransportFactory { get; init; }

    /// <summary>Bounds of each connection's rate.</summary>
    public Congestion.CongestionOptions Congestion { get; init; } = new();

    /// <summary>Stands in for the congestion control of a connection whose peer gives transport-wide feedback; null for the real one.</summary>
    internal Func<long, Congestion.ICongestionControl>? CongestionControlFactory { get; init; }

    /// <summary>Unix time in ns at monotonic 0, for the NTP times in SR and abs-capture-time.</summary>
    public long UnixEpochNs { get; init; }
}
