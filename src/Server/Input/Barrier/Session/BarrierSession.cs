using QemuZeroCopy.Server.Input.Barrier.Clipboard;
using QemuZeroCopy.Server.Input.Barrier.Protocol;

namespace QemuZeroCopy.Server.Input.Barrier.Session;

/// <summary>
/// One client's connection as the Barrier protocol 1.6 sees it, from the server's side. Without socket, clock or
/// thread: bytes and times go in, bytes, events and the next time-out come out. Not thread-safe.
/// </summary>
/// <remarks>
/// Hello → HelloBack with a name → QINF → DINF → CIAK, CROP, DSOP; from then on input goes out, and CNOP, CALV,
/// DINF, CCLP and DCLP come in. Sources: Barrier's protocol_types.h and Input Leap's; QEMU's ui/input-barrier.c.
/// </remarks>
internal sealed partial class BarrierSession
{
    private enum Phase
    {
        Greeting,
        AwaitingInfo,
        Ready,
        Closed,
    }

    private readonly NameDesk _names;
    private readonly MessageFramer _framer = new();
    private readonly OutgoingQueue _queue = new();
    private readonly ClipboardReceiver[] _received = new ClipboardReceiver[BarrierLimits.ClipboardCount];
    private readonly uint[] _grabbedAt = new uint[BarrierLimits.ClipboardCount];
    private readonly ClipboardSender _clipboardOut = new();
    private FloodGuard _flood;
    private Phase _phase = Phase.Greeting;
    private long _lastHeardNs;
    private long _nextKeepAliveNs;
    private readonly long _greetingDeadlineNs;
    private bool _readyEvent, _screenEvent;
    private string? _clipboardEvent;

    public BarrierSession(long nowNs, NameDesk names)
    {
        _names = names;
        _flood = new FloodGuard(nowNs);
        _lastHeardNs = nowNs;
        _greetingDeadlineNs = nowNs + BarrierLimits.GreetingNs;
        for (int i = 0; i < _received.Length; i++)
            _received[i] = new ClipboardReceiver();
        _queue.TryEnqueue(OutgoingMessage.Hello());
    }

    /// <summary>The client's name, once it has been accepted.</summary>
    public string? Name { get; private set; }

    /// <summary>The client's screen, once known.</summary>
    public ScreenInfo Screen { get; private set; }

    public bool IsReady => _phase == Phase.Ready;

    public bool IsClosed => _phase == Phase.Closed;

    public CloseReason CloseReason { get; private set; }

    /// <summary>
    /// Whether the client speaks all of the protocol. Barrier and Input Leap answer every message with a CNOP;
    /// QEMU never sends one, and goes deaf for good on CCLP and CSEC, which its reader does not know.
    /// </summary>
    public bool IsFullClient { get; private set; }

    /// <summary>When <see cref="HandleTimeout"/> is wanted, ns; <see cref="long.MaxValue"/> for never.</summary>
    public long NextTimeoutNs => _phase switch
    {
        Phase.Closed => long.MaxValue,
        Phase.Ready => Math.Min(Math.Min(_nextKeepAliveNs, _lastHeardNs + BarrierLimits.SilenceNs), ClipboardFetchDueNs),
        _ => _greetingDeadlineNs,
    };

    /// <summary>Takes bytes from the client.</summary>
    public void Handle(long nowNs, ReadOnlySpan<byte> data)
    {
        while (!IsClosed)
        {
            int limit = IsReady ? BarrierLimits.MaxMessageBytes : BarrierLimits.MaxGreetingBytes;
            switch (_framer.Next(ref data, limit, out ReadOnlySpan<byte> message))
            {
                case FramingResult.NeedsMore:
                    return;
                case FramingResult.TooLong:
                    Fail(CloseReason.TooLong, new OutgoingMessage(MessageCode.Bad));
                    return;
                default:
                    if (_flood.Admit(nowNs, message.Length))
                        HandleMessage(nowNs, message);
                    else
                        Fail(CloseReason.Flood, new OutgoingMessage(MessageCode.Bad));
                    break;
            }
        }
    }

    /// <summary>Does what is due: keep-alives, and giving up.</summary>
    public void HandleTimeout(long nowNs)
    {
        if (_phase is Phase.Greeting or Phase.AwaitingInfo && nowNs >= _greetingDeadlineNs)
            Fail(CloseReason.GreetingTimeout, new OutgoingMessage(MessageCode.Bad));
        if (_phase != Phase.Ready)
            return;
        if (nowNs >= _lastHeardNs + BarrierLimits.SilenceNs)
        {
            Fail(CloseReason.Silent, new OutgoingMessage(MessageCode.Close));
            return;
        }

        if (nowNs >= _nextKeepAliveNs)
        {
            _nextKeepAliveNs = nowNs + BarrierLimits.KeepAliveNs;
            Send(new OutgoingMessage(MessageCode.KeepAlive));
        }

        FetchClipboardIfDue(nowNs);
    }

    /// <summary>The other end hung up, or the connection broke.</summary>
    public void HandleHangup()
    {
        if (IsClosed)
            return;
        _queue.Clear();
        _phase = Phase.Closed;
        CloseReason = CloseReason.Hangup;
    }

    /// <summary>Takes leave of the client, with nothing held down: QEMU would never let go of it.</summary>
    public void Close()
    {
        ReleaseAll();
        Send(new OutgoingMessage(MessageCode.Close));
        if (IsClosed)
            return;
        _phase = Phase.Closed;
        CloseReason = CloseReason.Bye;
    }

    /// <summary>
    /// One message for the client, to be sent in one piece (QEMU reads a message with a single read); its length,
    /// or 0 when there is none. Input goes before clipboards.
    /// </summary>
    /// <param name="buffer">At least <see cref="BarrierLimits.MaxOutgoingBytes"/> large.</param>
    public int PollTransmit(Span<byte> buffer)
    {
        int length = _queue.Dequeue(buffer);
        return length > 0 || IsClosed ? length : _clipboardOut.Poll(buffer);
    }

    /// <summary>The next event, until there is none.</summary>
    public bool PollEvent(out SessionEvent sessionEvent)
    {
        if (_readyEvent)
        {
            _readyEvent = false;
            sessionEvent = new SessionEvent(SessionEventKind.Ready, null);
        }
        else if (_screenEvent)
        {
            _screenEvent = false;
            sessionEvent = new SessionEvent(SessionEventKind.ScreenChanged, null);
        }
        else if (_clipboardEvent is not null)
        {
            sessionEvent = new SessionEvent(SessionEventKind.ClipboardText, _clipboardEvent);
            _clipboardEvent = null;
        }
        else
        {
            sessionEvent = default;
            return false;
        }

        return true;
    }

    private void Send(in OutgoingMessage message)
    {
        if (!IsClosed && !_queue.TryEnqueue(message))
            Fail(CloseReason.NotReading, new OutgoingMessage(MessageCode.Bad));
    }

    /// <summary>Says one last thing and is closed; what was queued is not said any more.</summary>
    private void Fail(CloseReason reason, in OutgoingMessage lastWord)
    {
        _queue.Clear();
        _queue.TryEnqueue(lastWord);
        _phase = Phase.Closed;
        CloseReason = reason;
    }
}
