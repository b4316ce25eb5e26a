using QemuZeroCopy.WebRtc.Sctp.Wire;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>
/// One SCTP association over DTLS (RFC 9260, RFC 8261) with partial reliability (RFC 3758), stream reset (RFC 6525) and
/// data channels (RFC 8832). Either end may open it, or both at once. One mutation, then drain events and packets.
/// </summary>
internal sealed partial class SctpAssociation : IDataTransport, IMessageSink
{
    private readonly SctpOptions _options;
    private readonly FillRandom _fillRandom;
    private readonly byte[] _cookieKey = new byte[StateCookie.KeyBytes];
    private readonly EventQueue _events;
    private readonly ReceivedTsns _received = new();
    private readonly Reassembly _reassembly;
    private readonly SendQueue _sendQueue;
    private readonly StreamReset _reset = new();
    private readonly Channel[] _channels;
    private readonly byte[] _controlMessage = new byte[Dcep.MaxOpenBytes];
    private readonly ushort _firstOwnStream;

    private uint _localTag;
    private uint _peerTag;
    private uint _localInitialTsn;
    private int _outStreams;
    private bool _peerTakesForwardTsn;
    private bool _peerTakesReset;

    /// <param name="options">Limits.</param>
    /// <param name="fillRandom">Unpredictable bytes, for tags and the cookie's key.</param>
    /// <param name="isDtlsServer">Whether we are: streams that we open have odd numbers then (RFC 8832 section 6).</param>
    public SctpAssociation(SctpOptions options, FillRandom fillRandom, bool isDtlsServer = true)
    {
        _options = options;
        _roundTrip = new RoundTrip(options.MinRetransmitMs * 1_000_000L);
        _fillRandom = fillRandom;
        _firstOwnStream = (ushort)(isDtlsServer ? 1 : 0);
        int fragmentBytes = (options.MaxPacketBytes - PacketWriter.HeaderBytes - Chunk.HeaderBytes - DataHeader.Bytes) & ~3;
        _events = new EventQueue(options.ReceiveBufferBytes);
        _reassembly = new Reassembly(options.ReceiveBufferBytes, options.MaxStreams, this);
        _sendQueue = new SendQueue(options.SendBufferBytes, options.MaxStreams, fragmentBytes);
        _channels = new Channel[options.MaxStreams];
        _congestion = new CongestionWindow(options.MaxPacketBytes);
        _outStreams = options.MaxStreams;
        fillRandom(_cookieKey);
        _localTag = RandomTag();
        _localInitialTsn = RandomTag();
        _sendQueue.Reset(_localInitialTsn);
    }

    public SctpState State { get; private set; }

    public SctpCounters Counters { get; } = new();

    /// <summary>Bytes accepted from the host and not yet acknowledged.</summary>
    public int BufferedBytes => _sendQueue.BufferedBytes;

    /// <summary>Received bytes that are kept: fragments, and messages that were not polled yet.</summary>
    public int HeldBytes => _reassembly.Bytes + _events.Bytes;

    /// <summary>Smoothed round trip in ns; 0 before the first sample.</summary>
    public long RoundTripNs => _roundTrip.SmoothedNs;

    /// <inheritdoc/>
    public long NextTimeoutNs => Math.Min(Math.Min(_setUpAtNs, _retransmitAtNs), Math.Min(Math.Min(_sackAtNs, _resetAtNs), _heartbeatAtNs));

    /// <inheritdoc/>
    public bool PollEvent(out DataTransportEvent dataEvent) => _events.TryPoll(out dataEvent);

    /// <inheritdoc/>
    public bool TrySend(long nowNs, ushort channel, bool isBinary, ReadOnlySpan<byte> message) =>
        Send(nowNs, channel, isBinary, message) == SendOutcome.Queued;

    /// <summary>Ends the association at once, telling the peer (RFC 9260 section 9.1).</summary>
    public void Abort() => Abort(ErrorCause.UserInitiatedAbort);

    /// <summary>Ends the association after all that was sent has arrived (RFC 9260 section 9.2).</summary>
    public void Shutdown(long nowNs)
    {
        if (State != SctpState.Established)
            return;
        State = SctpState.ShutdownPending;
        AdvanceShutdown(nowNs);
    }

    public void Dispose()
    {
    }

    private bool HasAssociation => State is SctpState.Established or SctpState.ShutdownPending or SctpState.ShutdownSent or SctpState.ShutdownReceived or SctpState.ShutdownAckSent;

    /// <summary>Over, for whatever reason: no timer runs, no packet is made but a last ABORT.</summary>
    private void End()
    {
        if (State == SctpState.Ended)
            return;
        State = SctpState.Ended;
        _controlLength = _initAckLength = 0;
        _setUpDue = _shutdownDue = false;
        _setUpAtNs = _retransmitAtNs = _sackAtNs = _resetAtNs = _heartbeatAtNs = long.MaxValue;
        _sendQueue.Clear();
        _reassembly.Clear();
        _events.Add(DataTransportEventKind.Failed, 0, false, 0);
    }

    private uint RandomTag()
    {
        Span<byte> bytes = stackalloc byte[4];
        uint tag = 0;
        while (tag == 0)
        {
            _fillRandom(bytes);
            tag = BitConverter.ToUInt32(bytes);
        }

        return tag;
    }
}
