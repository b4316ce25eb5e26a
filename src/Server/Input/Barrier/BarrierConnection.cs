using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input.Barrier.Protocol;
using QemuZeroCopy.Server.Input.Barrier.Session;

namespace QemuZeroCopy.Server.Input.Barrier;

/// <summary>
/// One client's socket and its session. Three parties come to the session, each under its lock and for
/// microseconds: the reading task, the writing task with its timer, and whoever has input.
/// </summary>
internal sealed class BarrierConnection : IDisposable
{
    /// <summary>How long a last word may take to go out.</summary>
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(1);

    private readonly Stream _stream;
    private readonly EndPoint? _peer;
    private readonly BarrierRoster _roster;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly BarrierSession _session;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly CancellationTokenSource _over = new();
    private readonly ITimer _timer;
    private long _timerDueNs = long.MaxValue;
    private BarrierSink? _sink;
    private bool _expiring;
    private bool _disposed;

    public BarrierConnection(Stream stream, EndPoint? peer, BarrierRoster roster, TimeProvider time, ILogger logger)
    {
        (_stream, _peer, _roster, _time, _logger) = (stream, peer, roster, time, logger);
        _timer = time.CreateTimer(static state => ((BarrierConnection)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _session = new BarrierSession(NowNs, name => _roster.Claim(name, this, out _sink));
    }

    public bool IsReady => _session.IsReady;

    public bool IsFullClient => _session.IsFullClient;

    private long NowNs => (long)(_time.GetTimestamp() * (1e9 / _time.TimestampFrequency));

    /// <summary>Serves the client until either side has had enough.</summary>
    public async Task RunAsync()
    {
        Task writing = WriteAsync();
        try
        {
            await ReadAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Gone without a word.
        }

        lock (_gate)
        {
            _session.HandleHangup();
            Noted(true);
        }

        await writing.ConfigureAwait(false);
        Leave();
    }

    /// <summary>Takes leave; <see cref="RunAsync"/> ends soon after.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _session.Close();
            Noted(true);
        }
    }

    public void Dispose()
    {
        lock (_gate)
            _disposed = true;
        _timer.Dispose();
        _over.Dispose();
        _stream.Dispose();
    }

    public bool Key(in KeyInput key)
    {
        lock (_gate)
            return Noted(_session.Key(NowNs, key));
    }

    public bool Button(PointerButton button, bool pressed)
    {
        lock (_gate)
            return Noted(_session.Button(NowNs, button, pressed));
    }

    public bool MoveTo(int x, int y, PictureSize picture)
    {
        lock (_gate)
            return Noted(_session.MoveTo(x, y, picture));
    }

    public bool MoveBy(int deltaX, int deltaY)
    {
        lock (_gate)
            return Noted(_session.MoveBy(deltaX, deltaY));
    }

    public bool Scroll(int deltaX, int deltaY)
    {
        lock (_gate)
            return Noted(_session.Scroll(deltaX, deltaY));
    }

    public bool SetClipboardText(string text)
    {
        lock (_gate)
            return Noted(_session.SetClipboardText(text));
    }

    public void ReleaseAll()
    {
        lock (_gate)
        {
            _session.ReleaseAll();
            Noted(true);
        }
    }

    /// <summary>Under the lock, after anything that the session was told.</summary>
    private bool Noted(bool taken)
    {
        ArmTimer();
        Wake();
        // A client that does not read would hold its own farewell up.
        if (_session.IsClosed && !_expiring && !_disposed)
        {
            _expiring = true;
            _over.CancelAfter(LastWord);
        }

        return taken;
    }

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[16 * 1024];
        while (!_session.IsClosed)
        {
            int read = await _stream.ReadAsync(buffer, _over.Token).ConfigureAwait(false);
            if (read == 0)
                return;
            lock (_gate)
            {
                _session.Handle(NowNs, buffer.AsSpan(0, read));
                Noted(true);
            }

            RaiseEvents();
        }

        // The last word is still to go out; what comes in meanwhile is read over, so that the socket closes
        // in order and the client gets to read it.
        while (await _stream.ReadAsync(buffer, _over.Token).ConfigureAwait(false) > 0)
        {
        }
    }

    private async Task WriteAsync()
    {
        byte[] buffer = new byte[BarrierLimits.MaxOutgoingBytes];
        try
        {
            lock (_gate)
                ArmTimer();
            while (true)
            {
                int length;
                bool closed;
                lock (_gate)
                {
                    length = _session.PollTransmit(buffer);
                    closed = _session.IsClosed;
                }

                if (length > 0)
                    await _stream.WriteAsync(buffer.AsMemory(0, length), _over.Token).ConfigureAwait(false);
                else if (closed)
                    break;
                else
                    await WaitAsync().ConfigureAwait(false);
            }

            await ShutDownAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            await _over.CancelAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask WaitAsync()
    {
        await _wake.Reader.WaitToReadAsync(_over.Token).ConfigureAwait(false);
        _wake.Reader.TryRead(out _);
    }

    /// <summary>Says that nothing more comes, and gives the client a moment to hang up first.</summary>
    private async Task ShutDownAsync()
    {
        if (_stream is SslStream tls)
            await tls.ShutdownAsync().WaitAsync(_over.Token).ConfigureAwait(false);
        else if (_stream is NetworkStream plain)
            plain.Socket.Shutdown(SocketShutdown.Send);
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _timerDueNs = long.MaxValue;
            _session.HandleTimeout(NowNs);
            Noted(true);
        }
    }

    /// <summary>Under the lock. Never later than what is due; a timer that comes early looks again.</summary>
    private void ArmTimer()
    {
        long due = _session.NextTimeoutNs;
        if (_disposed || due >= _timerDueNs)
            return;
        _timerDueNs = due;
        long inMs = Math.Max(0, due - NowNs) / 1_000_000 + 1;
        _timer.Change(TimeSpan.FromMilliseconds(inMs), Timeout.InfiniteTimeSpan);
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private void RaiseEvents()
    {
        while (true)
        {
            SessionEvent sessionEvent;
            ScreenInfo screen;
            lock (_gate)
            {
                if (!_session.PollEvent(out sessionEvent))
                    return;
                screen = _session.Screen;
            }

            switch (sessionEvent.Kind)
            {
                case SessionEventKind.ClipboardText:
                    _sink?.RaiseClipboard(sessionEvent.Text!);
                    break;
                case SessionEventKind.Ready:
                    BarrierLog.Connected(_logger, _session.Name!, _peer, screen.Width, screen.Height);
                    _roster.RaiseChanged();
                    break;
                default:
                    BarrierLog.ScreenChanged(_logger, _session.Name!, screen.Width, screen.Height);
                    _roster.RaiseChanged();
                    break;
            }
        }
    }

    private void Leave()
    {
        if (_session.Name is { } name)
        {
            _sink?.Detach(this);
            BarrierLog.Gone(_logger, name, _session.CloseReason);
            _roster.RaiseChanged();
        }
        else if (_session.CloseReason != CloseReason.Hangup)
        {
            BarrierLog.TurnedAway(_logger, _peer, _session.CloseReason);
        }
    }
}
