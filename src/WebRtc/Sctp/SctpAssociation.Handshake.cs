using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Sctp.Wire;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <content>Set-up and end of the association: RFC 9260 sections 5 and 9.</content>
internal sealed partial class SctpAssociation
{
    /// <summary>A cookie older than this is refused (RFC 9260 Valid.Cookie.Life).</summary>
    private const long CookieLifeNs = 60_000_000_000;

    private const int InitAckBytes = PacketWriter.HeaderBytes + Chunk.HeaderBytes + InitChunk.FixedBytes + InitChunk.ExtensionBytes + 4 + StateCookie.Bytes;

    private readonly byte[] _initAck = new byte[InitAckBytes];
    private byte[] _peerCookie = [];
    private int _initAckLength;
    private bool _setUpDue;
    private bool _shutdownDue;
    private int _setUpTries;
    private long _setUpAtNs = long.MaxValue;

    /// <summary>Opens the association from this side. Browsers do so too; then the two meet.</summary>
    public void Connect(long nowNs)
    {
        if (State != SctpState.Closed)
            return;
        State = SctpState.CookieWait;
        _setUpTries = 0;
        StartSetUp(nowNs);
    }

    private void StartSetUp(long nowNs)
    {
        _setUpDue = true;
        _setUpAtNs = nowNs + _roundTrip.TimeoutNs;
    }

    private void OnSetUpTimeout(long nowNs)
    {
        _roundTrip.BackOff();
        if (++_setUpTries > (State is SctpState.CookieWait or SctpState.CookieEchoed ? _options.MaxInitRetransmits : _options.MaxRetransmits))
            End();
        else if (State is SctpState.CookieWait or SctpState.CookieEchoed)
            StartSetUp(nowNs);
        else
            StartShutdown(nowNs);
    }

    private InitChunk LocalInit(uint tag, uint initialTsn) => new()
    {
        Tag = tag,
        WindowBytes = ReceiveWindowBytes,
        OutStreams = (ushort)_options.MaxStreams,
        InStreams = (ushort)_options.MaxStreams,
        InitialTsn = initialTsn,
    };

    /// <summary>Answers with a cookie and keeps nothing (RFC 9260 sections 5.1 and 5.2).</summary>
    private void HandleInit(long nowNs, ReadOnlySpan<byte> value)
    {
        if (!InitChunk.TryRead(value, out InitChunk init))
        {
            Counters.PacketsRefused++;
            return;
        }

        if (State == SctpState.ShutdownAckSent)
        {
            _shutdownDue = true;
            return;
        }

        bool isRestart = HasAssociation;
        var cookie = new StateCookie
        {
            LocalTag = isRestart ? RandomTag() : _localTag,
            LocalInitialTsn = isRestart ? RandomTag() : _localInitialTsn,
            PeerTag = init.Tag,
            PeerInitialTsn = init.InitialTsn,
            PeerWindowBytes = init.WindowBytes,
            OutStreams = (ushort)Math.Min(_options.MaxStreams, init.InStreams),
            InStreams = init.OutStreams,
            LocalTieTag = isRestart ? _localTag : 0,
            PeerTieTag = isRestart ? _peerTag : 0,
            PeerTakesForwardTsn = init.TakesForwardTsn,
            PeerTakesReset = init.TakesReset,
            CreatedNs = nowNs,
        };
        var packet = new PacketWriter(_initAck, _options.LocalPort, _options.RemotePort);
        Span<byte> ack = packet.Add(ChunkType.InitAck, 0, InitChunk.FixedBytes + InitChunk.ExtensionBytes + 4 + StateCookie.Bytes);
        LocalInit(cookie.LocalTag, cookie.LocalInitialTsn).Write(ack);
        Span<byte> parameter = ack[(InitChunk.FixedBytes + InitChunk.ExtensionBytes)..];
        InitChunk.WriteParameterHeader(parameter, ParameterType.StateCookie, 4 + StateCookie.Bytes);
        cookie.Write(parameter[4..], _cookieKey);
        _initAckLength = packet.Finish(init.Tag);
    }

    private void HandleInitAck(long nowNs, ReadOnlySpan<byte> value)
    {
        if (State != SctpState.CookieWait)
            return;
        if (!InitChunk.TryRead(value, out InitChunk init) || init.Cookie.IsEmpty || init.Cookie.Length > _options.MaxPacketBytes - PacketWriter.HeaderBytes - Chunk.HeaderBytes)
        {
            Counters.PacketsRefused++;
            return;
        }

        _peerTag = init.Tag;
        AdoptPeer(init.InitialTsn, init.WindowBytes, Math.Min(_options.MaxStreams, (int)init.InStreams), init.TakesForwardTsn, init.TakesReset);
        _peerCookie = init.Cookie.ToArray();
        State = SctpState.CookieEchoed;
        _setUpTries = 0;
        StartSetUp(nowNs);
    }

    private void HandleCookieEcho(long nowNs, uint verificationTag, ReadOnlySpan<byte> value)
    {
        if (!StateCookie.TryRead(value, _cookieKey, out StateCookie cookie) || cookie.LocalTag != verificationTag)
        {
            Counters.CookiesRefused++;
            return;
        }

        bool isSameLocal = cookie.LocalTag == _localTag;
        bool isSamePeer = cookie.PeerTag == _peerTag;
        bool isOurs = HasAssociation && isSameLocal && isSamePeer;
        if (!isOurs && nowNs - cookie.CreatedNs > CookieLifeNs)
        {
            Counters.CookiesRefused++;
            AddError(ErrorCause.StaleCookie, [0, 0, 0, 0]);
            return;
        }

        if (!HasAssociation && isSameLocal)
        {
            Adopt(cookie);
            Establish(nowNs);
        }
        else if (HasAssociation && !isSameLocal && !isSamePeer && cookie.LocalTieTag == _localTag && cookie.PeerTieTag == _peerTag)
        {
            Restart(cookie);
            Establish(nowNs);
        }
        else if (!isOurs)
        {
            Counters.CookiesRefused++;
            return;
        }

        AddControl(ChunkType.CookieAck, 0, []);
    }

    private void HandleCookieAck(long nowNs)
    {
        if (State == SctpState.CookieEchoed)
            Establish(nowNs);
    }

    private void Establish(long nowNs)
    {
        State = SctpState.Established;
        _setUpDue = false;
        _setUpAtNs = long.MaxValue;
        _setUpTries = 0;
        _peerCookie = [];
        _errors = 0;
        _heartbeatAtNs = nowNs + HeartbeatIntervalNs;
    }

    private void Adopt(in StateCookie cookie)
    {
        _localTag = cookie.LocalTag;
        _peerTag = cookie.PeerTag;
        _localInitialTsn = cookie.LocalInitialTsn;
        AdoptPeer(cookie.PeerInitialTsn, cookie.PeerWindowBytes, cookie.OutStreams, cookie.PeerTakesForwardTsn, cookie.PeerTakesReset);
    }

    private void AdoptPeer(uint initialTsn, uint windowBytes, int outStreams, bool takesForwardTsn, bool takesReset)
    {
        _received.Reset(initialTsn);
        _sendQueue.Reset(_localInitialTsn);
        _reset.Reset(_localInitialTsn, initialTsn);
        _peerWindowBytes = windowBytes;
        _outStreams = outStreams;
        _peerTakesForwardTsn = takesForwardTsn;
        _peerTakesReset = takesReset;
    }

    /// <summary>The peer has begun anew (RFC 9260 section 5.2.4.1): what was between us is gone.</summary>
    private void Restart(in StateCookie cookie)
    {
        _sendQueue.Clear();
        _reassembly.Clear();
        _retransmitAtNs = _sackAtNs = _resetAtNs = long.MaxValue;
        _congestion = new CongestionWindow(_options.MaxPacketBytes);
        _isRecovering = false;
        for (int i = 0; i < _channels.Length; i++)
        {
            if (_channels[i].State != ChannelState.None)
                _events.Add(DataTransportEventKind.Closed, (ushort)i, false, 0);
            _channels[i] = default;
        }

        Adopt(cookie);
    }

    /// <summary>A stale cookie means to begin again; other errors are the peer's opinion.</summary>
    private void HandleError(long nowNs, ReadOnlySpan<byte> value)
    {
        if (State == SctpState.CookieEchoed && value.Length >= 2 && BinaryPrimitives.ReadUInt16BigEndian(value) == (ushort)ErrorCause.StaleCookie)
        {
            State = SctpState.CookieWait;
            StartSetUp(nowNs);
        }
    }

    private void HandleShutdown(long nowNs, ReadOnlySpan<byte> value)
    {
        if (value.Length < 4 || !HasAssociation)
            return;
        ApplySack(nowNs, BinaryPrimitives.ReadUInt32BigEndian(value), null, []);
        if (State is SctpState.Established or SctpState.ShutdownPending)
            State = SctpState.ShutdownReceived;
        else if (State == SctpState.ShutdownSent)
            StartShutdownAck(nowNs);
        AdvanceShutdown(nowNs);
    }

    private void HandleShutdownAck()
    {
        if (State is not (SctpState.ShutdownSent or SctpState.ShutdownAckSent))
            return;
        End();
        AddControl(ChunkType.ShutdownComplete, 0, []);
    }

    /// <summary>Goes on once all data has been acknowledged.</summary>
    private void AdvanceShutdown(long nowNs)
    {
        if (!_sendQueue.IsEmpty)
            return;
        if (State == SctpState.ShutdownPending)
        {
            State = SctpState.ShutdownSent;
            StartShutdown(nowNs);
        }
        else if (State == SctpState.ShutdownReceived)
        {
            StartShutdownAck(nowNs);
        }
    }

    private void StartShutdownAck(long nowNs)
    {
        State = SctpState.ShutdownAckSent;
        StartShutdown(nowNs);
    }

    private void StartShutdown(long nowNs)
    {
        _shutdownDue = true;
        _setUpAtNs = nowNs + _roundTrip.TimeoutNs;
    }

    private void Abort(ErrorCause cause)
    {
        if (State == SctpState.Ended)
            return;
        bool tell = _peerTag != 0;
        End();
        if (!tell)
            return;
        Span<byte> value = stackalloc byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)cause);
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], 4);
        AddControl(ChunkType.Abort, 0, value);
    }
}
