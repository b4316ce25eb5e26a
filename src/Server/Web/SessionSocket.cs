using System.Buffers;
using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Clipboard;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Web;

/// <summary>
/// One page's WebSocket: its input comes in, the state of the machine goes out. Nothing is queued: the
/// writer compares what it last sent with what is now, so that a slow page costs no memory.
/// </summary>
internal sealed class SessionSocket : IDisposable
{
    /// <summary>The longest message that a page has reason to send: a drive and the name of a file, of 255 bytes (NAME_MAX).</summary>
    private const int MaxMessageBytes = 1024;

    /// <summary>A page tells of a picture twice a second; what comes faster is not looked at, for the network thread is asked each time.</summary>
    private const int SeenApartMs = 100;

    /// <summary>Tells a stamp of 0 from none.</summary>
    private const ulong AliveWaiting = 1ul << 32;

    private readonly WebSocket _socket;
    private readonly Machine _machine;
    private readonly GuestConsole _console;
    private readonly SessionRegistry _registry;
    private readonly RoutedInput _route;
    private readonly ViewerInput _input;
    private readonly ViewerClipboard _clipboard;
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly IDisposable[] _subscriptions;
    private readonly IMediaGateway _media;
    private readonly ServerMetrics _metrics;
    private readonly Timer _statisticsTimer;
    private ulong _aliveStamp;
    private long _seenMs;
    private string? _toSay;
    private bool _statisticsDue;
    private InputAnswer? _answer;

    public SessionSocket(WebSocket socket, Machine machine, GuestConsole console, IMediaGateway media, ServerMetrics metrics, bool mayControl, string viewer = "")
    {
        (_socket, _machine, _console, _media, _metrics) = (socket, machine, console, media, metrics);
        SessionRegistry registry = _registry = media.Sessions;
        _statisticsTimer = new Timer(_ =>
        {
            Volatile.Write(ref _statisticsDue, true);
            Signal();
        });
        _route = machine.CreateInput(console);
        _route.Changed += Signal;
        _clipboard = new ViewerClipboard(machine.Clipboard, _route);
        var timing = new InputTiming(media.FindHub(console.Index), metrics) { Answered = Answer };
        _input = new ViewerInput(_route, () => console.State.Picture, timing) { Clipboard = _clipboard };
        Id = registry.Add(_input, mayControl, viewer);
        _subscriptions = [registry.Changed.Subscribe(Signal), machine.Changed.Subscribe(Signal), console.Changed.Subscribe(Signal), _clipboard.Changed.Subscribe(Signal)];
    }

    /// <summary>Ties the page's media to this session.</summary>
    public string Id { get; }

    /// <summary>Serves the page until it goes away or <paramref name="stop"/> is cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task writing = WriteAsync(over.Token);
        try
        {
            await ReadAsync(over.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The page went away without a word, or we are stopping.
        }
        finally
        {
            _input.ReleaseAll();
            await over.CancelAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        foreach (IDisposable subscription in _subscriptions)
            subscription.Dispose();
        _statisticsTimer.Dispose();
        _media.FindHub(_console.Index)?.SetFrameRateWish(this, null);
        _media.Sound?.SetSpare(this, null, MonotonicClock.NowNs);
        _registry.Remove(Id);
        _input.Dispose();
        _clipboard.Dispose();
        _route.Changed -= Signal;
        _route.Dispose();
        _changed.Writer.TryComplete();
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        byte[] buffer = new byte[MaxMessageBytes];
        while (true)
        {
            ValueWebSocketReceiveResult received = await _socket.ReceiveAsync(buffer.AsMemory(), stop).ConfigureAwait(false);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, stop).ConfigureAwait(false);
                return;
            }

            bool understood = received.EndOfMessage && (received.MessageType == WebSocketMessageType.Binary || await ExecuteAsync(buffer.AsMemory(0, received.Count), stop).ConfigureAwait(false));
            if (!understood)
            {
                await RefuseAsync(buffer, stop).ConfigureAwait(false);
                return;
            }

            if (received.MessageType != WebSocketMessageType.Binary)
                continue;
            ReadOnlySpan<byte> message = buffer.AsSpan(0, received.Count);
            Take(message);
            if (message.Length == 5 && message[0] == (byte)InputMessageKind.Alive)
            {
                Volatile.Write(ref _aliveStamp, BitConverter.ToUInt32(message[1..]) | AliveWaiting);
                Signal();
            }
        }
    }

    /// <summary>
    /// Says why, and reads on for a moment: a connection that ends with unread bytes is reset, and the page
    /// would never see the reason (RFC 9293 section 3.6.1).
    /// </summary>
    private async Task RefuseAsync(byte[] buffer, CancellationToken stop)
    {
        const int mostBytes = 64 * 1024;
        await _socket.CloseOutputAsync(WebSocketCloseStatus.PolicyViolation, "input of up to 1024 bytes, or a command, only", stop).ConfigureAwait(false);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(TimeSpan.FromSeconds(2));
        for (int read = 0; read < mostBytes;)
        {
            ValueWebSocketReceiveResult rest = await _socket.ReceiveAsync(buffer.AsMemory(), patience.Token).ConfigureAwait(false);
            if (rest.MessageType == WebSocketMessageType.Close)
                return;
            read += Math.Max(rest.Count, 1);
        }
    }

    private void Take(ReadOnlySpan<byte> message)
    {
        if (message is not [(byte)InputMessageKind.Drive, .. var name])
        {
            _input.Apply(message);
        }
        else if (_input.Allowed)
        {
            // What is held goes up before the way changes.
            _input.ReleaseAll();
            _route.Choose(name.IsEmpty ? null : Encoding.ASCII.GetString(name));
        }
    }

    /// <summary>Does what a page asks for in words; a viewer without control is heard and nothing done. False: no command.</summary>
    private async ValueTask<bool> ExecuteAsync(ReadOnlyMemory<byte> message, CancellationToken stop)
    {
        if (!SessionCommand.TryRead(message.Span, out SessionCommand command))
            return false;
        if (command.Statistics is { } on)
            _statisticsTimer.Change(on ? TimeSpan.Zero : Timeout.InfiniteTimeSpan, SessionStatistics.Interval);
        if (command.Seen is { } seen && Environment.TickCount64 - _seenMs >= SeenApartMs && _media.FindHub(_console.Index) is { } hub)
        {
            _seenMs = Environment.TickCount64;
            seen.Record(hub.Trace, (await _media.LinkOfAsync(_input).ConfigureAwait(false))?.RtpBase, _metrics);
        }

        if (command.FramesPerSecond is { } rate)
            _media.FindHub(_console.Index)?.SetFrameRateWish(this, rate);
        if (command.SpareSoundMs is { } spare)
            _media.Sound?.SetSpare(this, spare, MonotonicClock.NowNs);
        if (command.Name is { } name)
            _registry.Rename(Id, name);
        if (command.TakesControl)
            _registry.TakeControl(Id);
        if (!_input.Allowed)
            return true;
        if (command.Size is { } size)
            _console.AskForSize(size);
        if (command.Action is "look")
            await _machine.LookAtDrivesAsync(stop).ConfigureAwait(false);
        else if (command.Action is { } action)
            await _machine.Control.ExecuteAsync(action, stop).ConfigureAwait(false);
        if (command.Medium is { } medium)
            await ChangeMediumAsync(medium, stop).ConfigureAwait(false);
        return true;
    }

    private async Task ChangeMediumAsync(MediumCommand command, CancellationToken stop)
    {
        string? problem = command.File is { } file
            ? await _machine.Bay.InsertAsync(command.Drive, file, stop).ConfigureAwait(false)
            : await _machine.Bay.EjectAsync(command.Drive, command.Force, stop).ConfigureAwait(false);
        await _machine.LookAtDrivesAsync(stop).ConfigureAwait(false);
        if (problem is null)
            return;
        Volatile.Write(ref _toSay, problem);
        Signal();
    }

    private async Task WriteAsync(CancellationToken stop)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        MachineView? machine = null;
        ConsoleState? console = null;
        // What a page takes for granted.
        DriveState drive = DriveState.OwnAlone;
        (ViewerInfo[]?, bool?) viewers = default;
        GuestCopy? copied = null;
        long traced = 0;
        try
        {
            SessionMessages.WriteHello(output, Id, _console.Index, _clipboard.Directions);
            await SendAsync(output, WebSocketMessageType.Text, stop).ConfigureAwait(false);
            Signal();
            while (await _changed.Reader.WaitToReadAsync(stop).ConfigureAwait(false))
            {
                _changed.Reader.TryRead(out _);
                ulong alive = Interlocked.Exchange(ref _aliveStamp, 0);
                if (alive != 0)
                {
                    WriteAlive(output, (uint)alive);
                    await SendAsync(output, WebSocketMessageType.Binary, stop).ConfigureAwait(false);
                }

                if (Interlocked.Exchange(ref _answer, null) is { } answer)
                {
                    SessionMessages.WriteAnswer(output, answer);
                    await SendAsync(output, WebSocketMessageType.Text, stop).ConfigureAwait(false);
                }

                if (Interlocked.Exchange(ref _statisticsDue, false) && _media.FindHub(_console.Index) is { } hub)
                {
                    SessionStatistics.Write(output, hub, await _media.LinkOfAsync(_input).ConfigureAwait(false), ref traced);
                    await SendAsync(output, WebSocketMessageType.Text, stop).ConfigureAwait(false);
                }

                if (Interlocked.Exchange(ref _toSay, null) is { } text)
                {
                    SessionMessages.WriteSay(output, text);
                    await SendAsync(output, WebSocketMessageType.Text, stop).ConfigureAwait(false);
                }

                MachineView machineNow = _machine.View;
                if (machineNow != machine)
                {
                    SessionMessages.WriteMachine(output, machine = machineNow);
                    await SendAsync(output, WebSocketMessageType.Text, stop).ConfigureAwait(false);
                }

                DriveState driveNow = DriveState.Of(_route);
                if (driveNow != drive)
                {
                    SessionMessages.WriteDrive(output, drive = driveNow);
                    await SendAsync(output, WebSocketMessageType.Text, stop).ConfigureAwait(false);
                }

                (ViewerInfo[] List, bool? Speaks) viewersNow = (_registry.Viewers, _registry.Speaker is { } speaker ? speaker == _input : null);
                if (viewersNow != viewers)
                {
                    viewers = viewersNow;
                    SessionMessages.WriteViewers(output, viewersNow.List, _registry.PositionOf(Id, viewersNow.List), _registry.Rule, viewersNow.Speaks);
                    await SendAsync(output, WebSocketMessageType.Text, stop).ConfigureAwait(false);
                }

                if (_input.Allowed && _clipboard.Copied is { } copiedNow && copiedNow != copied)
                {
                    SessionMessages.WriteClipboard(output, copied = copiedNow);
                    await SendAsync(output, WebSocketMessageType.Text, stop).ConfigureAwait(false);
                }

                ConsoleState now = _console.State;
                await SendChangesAsync(output, console, now, stop).ConfigureAwait(false);
                console = now;
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // Once we have said goodbye, reading it through is the reader's affair.
            if (_socket.State != WebSocketState.CloseSent)
                _socket.Abort();
        }
    }

    private async Task SendChangesAsync(ArrayBufferWriter<byte> output, ConsoleState? before, ConsoleState now, CancellationToken stop)
    {
        if (before is null || (before.IsPresent, before.Picture, before.IsAbsolute, before.TouchSlots, before.Leds, before.Problem) != (now.IsPresent, now.Picture, now.IsAbsolute, now.TouchSlots, now.Leds, now.Problem))
        {
            SessionMessages.WriteConsole(output, now);
            await SendAsync(output, WebSocketMessageType.Text, stop).ConfigureAwait(false);
        }

        if (now.Cursor is { } cursor && !ReferenceEquals(cursor, before?.Cursor))
        {
            SessionMessages.WriteCursor(output, cursor);
            await SendAsync(output, WebSocketMessageType.Binary, stop).ConfigureAwait(false);
        }

        if (before is null || before.Pointer != now.Pointer)
        {
            SessionMessages.WritePointer(output, now.Pointer);
            await SendAsync(output, WebSocketMessageType.Text, stop).ConfigureAwait(false);
        }
    }

    private async ValueTask SendAsync(ArrayBufferWriter<byte> output, WebSocketMessageType type, CancellationToken stop)
    {
        await _socket.SendAsync(output.WrittenMemory, type, endOfMessage: true, stop).ConfigureAwait(false);
        output.ResetWrittenCount();
    }

    /// <summary>The page's own stamp, and the time here in µs: from both and its round trip the page reckons this clock.</summary>
    private static void WriteAlive(ArrayBufferWriter<byte> output, uint stamp)
    {
        const int bytes = 1 + sizeof(uint) + sizeof(long);
        Span<byte> answer = output.GetSpan(bytes);
        answer[0] = SessionMessages.AliveKind;
        BinaryPrimitives.WriteUInt32LittleEndian(answer[1..], stamp);
        BinaryPrimitives.WriteInt64LittleEndian(answer[5..], MonotonicClock.NowNs / 1000);
        output.Advance(bytes);
    }

    /// <summary>Network thread: which picture answers the page's mark.</summary>
    private void Answer(InputAnswer answer)
    {
        Volatile.Write(ref _answer, answer);
        Signal();
    }

    /// <summary>Many signals before the writer looks are one.</summary>
    private void Signal() => _changed.Writer.TryWrite(true);
}
