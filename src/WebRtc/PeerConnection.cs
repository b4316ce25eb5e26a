using System.Security.Cryptography;
using QemuZeroCopy.Interop.OpenSsl;
using QemuZeroCopy.WebRtc.Congestion;
using QemuZeroCopy.WebRtc.Dtls;
using QemuZeroCopy.WebRtc.Ice;
using QemuZeroCopy.WebRtc.Rtcp;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Sctp;
using QemuZeroCopy.WebRtc.Sdp;
using QemuZeroCopy.WebRtc.Srtp;

namespace QemuZeroCopy.WebRtc;

/// <summary>What a video m-line of the offer came to.</summary>
/// <param name="Track">Index into <see cref="SessionOptions.VideoTracks"/>.</param>
/// <param name="Mid">The m-line's identifier.</param>
/// <param name="Formats">Indices into the track's formats: what may be sent, best first, one of each codec.</param>
public readonly record struct NegotiatedTrack(int Track, string Mid, IReadOnlyList<int> Formats);

/// <summary>
/// One viewer: ICE-lite, DTLS-SRTP, RTP and data channels over one transport, as a state machine (see docs/webrtc.md).
/// Made by <see cref="EndpointRouter.Accept"/>; belongs to the thread that drives the router.
/// </summary>
public sealed partial class PeerConnection : IDisposable
{
    /// <summary>What DTLS adds to a record: header 13, nonce 8, tag 16; MAC and padding of the older suites fit too.</summary>
    private const int DtlsOverheadBytes = 80;

    private readonly EndpointOptions _endpoint;
    private readonly NegotiatedSession _session;
    private readonly Fingerprint _fingerprint;
    private readonly IceLiteAgent _ice;
    private readonly DtlsTransport _dtls;
    private readonly VideoSender[] _video;
    private readonly AudioSender? _audio;
    private readonly SentPacketHistory _sentPackets = new();
    private readonly LossProtection _protection = new();
    private readonly long _createdNs;
    private IDataTransport? _data;
    private ICongestionControl? _congestion;
    private long _lastCaptureNs;
    private SrtpSession? _srtp;
    private PeerState _state;
    private bool _isDisposed;

    internal PeerConnection(long nowNs, EndpointOptions endpoint, SessionOptions options, SessionOffer offer, NegotiatedSession session, IceCredentials local)
    {
        _endpoint = endpoint;
        _session = session;
        _fingerprint = offer.Fingerprint;
        _createdNs = nowNs;
        _ice = new IceLiteAgent(local, new IceCredentials(offer.IceUfrag, offer.IcePassword));
        _dtls = new DtlsTransport(endpoint.Certificate, isServer: true, endpoint.MaxDatagramBytes);
        _video = [.. session.Video.Select(m => new VideoSender(m, endpoint.UnixEpochNs, endpoint.FillRandom, _protection) { PlayoutDelay = options.PlayoutDelay })];
        _audio = session.Audio is { } audio ? new AudioSender(audio, endpoint.FillRandom) : null;
        _microphone = session.Microphone is { } microphone ? new MicrophoneReceiver(microphone) : null;
        _tracks = new TrackState[_video.Length];
        Tracks = [.. _video.Select(v => session.Media.First(m => m.Ssrc == v.Ssrc)).Select(m => new NegotiatedTrack(m.Track, m.Offered.Mid, [.. m.VideoFormats.Select(format => format.Index)]))];
    }

    private enum PeerState
    {
        Connecting,
        Connected,
        Closed,
    }

    /// <summary>The host's to use.</summary>
    public object? Tag { get; set; }

    /// <summary>The video tracks that the viewer takes, by the order of its m-lines; tracks it did not ask for are not among them.</summary>
    public IReadOnlyList<NegotiatedTrack> Tracks { get; }

    /// <summary>Whether the viewer takes sound.</summary>
    public bool TakesAudio => _audio is not null;

    /// <summary>Whether the viewer sends its microphone.</summary>
    public bool SendsMicrophone => _microphone is not null;

    /// <summary>Whether the viewer has data channels.</summary>
    public bool HasDataChannels => _session.Data is not null;

    /// <summary>Whether media may flow.</summary>
    public bool IsConnected => _state == PeerState.Connected;

    /// <summary>Why the connection ended; <see cref="CloseReason.None"/> while it lives.</summary>
    public CloseReason CloseReason { get; private set; }

    /// <summary>Where the viewer is, once it has proved an address; else null.</summary>
    public TransportAddress? Remote => _ice.HasSelected ? _ice.Selected : null;

    /// <summary>Names the present ICE session: our username fragment, which is new after a restart.</summary>
    public string IceSession => _ice.Local.Ufrag;

    /// <summary>The connection's figures.</summary>
    public PeerStatistics Statistics { get; } = new();

    /// <summary>OpenSSL's words on a failed handshake, for a log line.</summary>
    public string? FailureDetail => _dtls.FailureReason;

    internal EndpointRouter? Router { get; set; }

    internal bool IsInEventQueue { get; set; }

    internal bool IsInOutputQueue { get; set; }

    internal IceLiteAgent Ice => _ice;

    internal NegotiatedSession Session => _session;

    /// <summary>When <see cref="HandleTimeout"/> is wanted, in ns; <see cref="long.MaxValue"/> for never.</summary>
    public long NextTimeoutNs
    {
        get
        {
            if (_state == PeerState.Closed)
                return long.MaxValue;
            long next = _state == PeerState.Connecting
                ? _createdNs + (_endpoint.ConnectTimeoutMs * 1_000_000L)
                : Math.Min(_ice.LastHeardNs + (_endpoint.ConsentTimeoutMs * 1_000_000L), IsHeld ? long.MaxValue : _nextReportNs);
            next = Math.Min(next, _dtls.NextTimeoutNs);
            if (_congestion is not null)
                next = Math.Min(next, _congestion.NextTimeoutNs(HasVideoWaiting && !IsHeld));
            return _data is null ? next : Math.Min(next, _data.NextTimeoutNs);
        }
    }

    /// <summary>Whether a fragment has other credentials than the peer has now, which asks for an ICE restart (RFC 8445 section 9).</summary>
    public bool IsRestartedBy(IceFragment fragment)
    {
        ArgumentNullException.ThrowIfNull(fragment);
        return fragment.Ufrag is not null && CloseReason == CloseReason.None && (fragment.Ufrag != _ice.Remote.Ufrag || fragment.Password != _ice.Remote.Password);
    }

    /// <summary>Runs what is due at <paramref name="nowNs"/>.</summary>
    public void HandleTimeout(long nowNs)
    {
        if (_state == PeerState.Closed)
            return;
        if (_state == PeerState.Connecting && nowNs >= _createdNs + (_endpoint.ConnectTimeoutMs * 1_000_000L))
        {
            End(CloseReason.ConnectTimeout);
            return;
        }

        if (_state == PeerState.Connected && nowNs >= _ice.LastHeardNs + (_endpoint.ConsentTimeoutMs * 1_000_000L))
        {
            End(CloseReason.ConsentExpired);
            return;
        }

        _dtls.HandleTimeout(nowNs);
        if (_congestion is not null && nowNs >= _congestion.NextTimeoutNs(HasVideoWaiting && !IsHeld))
        {
            _congestion.HandleTimeout(nowNs);
            NoteTarget();
        }

        if (_data is not null && nowNs >= _data.NextTimeoutNs)
            _data.HandleTimeout(nowNs);
        Router?.MarkDirty(this);
    }

    /// <summary>Ends the connection; the goodbye leaves with the next polls.</summary>
    public void Close(long nowNs)
    {
        if (_state == PeerState.Closed)
            return;
        _goodbyeDue = _state == PeerState.Connected;
        _dtls.Shutdown();
        End(CloseReason.Local);
    }

    /// <summary>
    /// Sends one frame of a track (the track's index in <see cref="SessionOptions.VideoTracks"/>). Frames before the
    /// first entry point, and those of a viewer that is not connected, go nowhere. False where it was skipped.
    /// </summary>
    public bool SendVideo(long nowNs, int track, VideoFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        int index = IndexOf(track);
        if (_state != PeerState.Connected || index < 0)
            return false;
        VideoSender sender = _video[index];
        bool queued = sender.Enqueue(frame);
        if (queued && _congestion is not null)
        {
            long intervalNs = FrameIntervalNs(frame);
            _congestion.OnFrame(nowNs, frame.PayloadBytes, intervalNs);
            RateTarget target = _congestion.Target;
            _protection.Configure(PathRoundTripNs, intervalNs, target.TargetBps, _ice.Selected.Kind == TransportKind.Udp && !target.PathShowsQueue);
        }
        else if (!queued)
        {
            WantKeyFrame(nowNs, index, KeyFrameReason.Skipped);
        }

        Statistics.FramesSkipped = sender.FramesSkipped;
        Router?.MarkDirty(this);
        return queued;
    }

    /// <summary>
    /// Sends one Opus packet. <paramref name="sampleTime"/> counts 48 kHz samples of the sound since any origin, so that
    /// gaps are heard as such. False where the viewer takes no sound or is not connected.
    /// </summary>
    public bool SendAudio(long nowNs, ReadOnlySpan<byte> opus, long sampleTime)
    {
        if (_state != PeerState.Connected || _audio is null || !_audio.Enqueue(nowNs, opus, sampleTime))
            return false;
        Router?.MarkDirty(this);
        return true;
    }

    /// <summary>
    /// Sends one message on an open data channel. False where it is not open, or the channel's bounded buffer is full.
    /// </summary>
    public bool SendMessage(long nowNs, ushort channel, bool isBinary, ReadOnlySpan<byte> message)
    {
        if (_state != PeerState.Connected || _data is null || !_data.TrySend(nowNs, channel, isBinary, message))
            return false;
        Router?.MarkDirty(this);
        return true;
    }

    /// <summary>The RTP timestamp that a track's frame of this capture time has at this viewer; 0 for a track that it does not take.</summary>
    public uint RtpTimestampOf(int track, long captureNs)
    {
        int index = IndexOf(track);
        return index < 0 ? 0 : _video[index].Timestamp(captureNs);
    }

    /// <summary>Asks the viewer for this playout delay from the next frame on (0 and 0: show at once).</summary>
    public void SetPlayoutDelay(int minMs, int maxMs)
    {
        foreach (VideoSender sender in _video)
            sender.PlayoutDelay = (minMs, maxMs);
    }

    /// <summary>
    /// Lets go of the connection: ends it without a word where it still lives. Not needed after
    /// <see cref="PeerEventKind.Closed"/>: the router frees what is native once the goodbye has been polled.
    /// </summary>
    public void Dispose()
    {
        if (Router is null)
            Free();
        else
            End(CloseReason.Local);
    }

    /// <summary>Frees the native parts. The router's to call.</summary>
    internal void Free()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _state = PeerState.Closed;
        _data?.Dispose();
        _data = null;
        _srtp?.Dispose();
        _dtls.Dispose();
    }

    /// <summary>Whether packets of a frame wait for the pacer.</summary>
    public bool HasVideoWaiting
    {
        get
        {
            foreach (VideoSender sender in _video)
            {
                if (sender.HasPackets)
                    return true;
            }

            return false;
        }
    }

    /// <summary>The time to the next frame is taken to be that since the last one, between 240 and 10 frames per second.</summary>
    private long FrameIntervalNs(VideoFrame frame)
    {
        long interval = Math.Clamp(frame.CaptureNs - _lastCaptureNs, 4_000_000, 100_000_000);
        _lastCaptureNs = frame.CaptureNs;
        return interval;
    }

    /// <summary>By RTCP, which feels no wait for feedback; by transport-wide feedback before the first report.</summary>
    private long PathRoundTripNs => Statistics.RoundTripMs > 0 ? (long)(Statistics.RoundTripMs * 1e6) : _congestion?.RoundTripNs ?? 0;

    private void NoteTarget()
    {
        if (_congestion is null)
            return;
        RateTarget target = _congestion.Target;
        Statistics.TargetBps = (long)(target.TargetBps * (1 - _protection.ParityShare));
        Statistics.PathShowsQueue = target.PathShowsQueue;
    }

    private int IndexOf(int track)
    {
        for (int i = 0; i < _video.Length; i++)
        {
            if (_video[i].Track == track)
                return i;
        }

        return -1;
    }

    private IDataTransport CreateDataTransport(long nowNs, MediaSection offered) =>
        _endpoint.DataTransportFactory?.Invoke(nowNs) ?? new SctpAssociation(
            new SctpOptions
            {
                MaxPacketBytes = _endpoint.MaxDatagramBytes - DtlsOverheadBytes,
                LocalPort = AnswerWriter.SctpPort,
                RemotePort = (ushort)(offered.SctpPort == 0 ? AnswerWriter.SctpPort : offered.SctpPort),
                MaxMessageBytes = AnswerWriter.MaxMessageBytes,
            },
            _endpoint.FillRandom);

    /// <summary>The handshake is through: judge the peer, take the keys.</summary>
    private void CompleteHandshake(long nowNs)
    {
        if (!_dtls.PeerMatches(_fingerprint))
        {
            _dtls.Shutdown();
            End(CloseReason.FingerprintMismatch);
            return;
        }

        var profile = (SrtpProfileId)_dtls.SrtpProfile;
        bool hasMedia = _video.Length > 0 || _audio is not null || _microphone is not null;
        if (profile != SrtpProfileId.None)
        {
            Span<byte> keys = stackalloc byte[SrtpProfile.ExportBytes(profile)];
            if (_dtls.TryExportSrtp(keys))
                _srtp = new SrtpSession(profile, keys, isServer: true);
            CryptographicOperations.ZeroMemory(keys);
        }

        if (_srtp is null && hasMedia)
        {
            _dtls.Shutdown();
            End(CloseReason.NoSrtpProfile);
            return;
        }

        _state = PeerState.Connected;
        _connectedPending = true;
        _nextReportNs = nowNs;
        _ice.Heard(nowNs);
        if (_session.Data is not null)
            _data = CreateDataTransport(nowNs, _session.Data.Offered);
        if (Array.Exists(_video, v => v.UsesTransportFeedback))
            _congestion = _endpoint.CongestionControlFactory?.Invoke(nowNs) ?? new CongestionControl(_endpoint.Congestion);
        NoteTarget();
        for (int i = 0; i < _video.Length; i++)
            WantKeyFrame(nowNs, i, KeyFrameReason.Joined);
    }

    private void End(CloseReason reason)
    {
        if (_state == PeerState.Closed)
            return;
        _state = PeerState.Closed;
        CloseReason = reason;
        _closedPending = true;
        Router?.MarkDirty(this);
    }
}
