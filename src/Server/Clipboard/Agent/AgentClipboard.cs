using System.Buffers.Binary;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Pipeline.Display.Clipboard;
using QemuZeroCopy.Server.Terminals;

namespace QemuZeroCopy.Server.Clipboard.Agent;

/// <summary>
/// The guest's SPICE agent spoken to directly, over a character device that QEMU hands us (-chardev
/// dbus,name=com.redhat.spice.0). So pictures pass, which QEMU's own clipboard does not let through.
/// </summary>
internal sealed class AgentClipboard : IGuestClipboard, IAsyncDisposable
{
    private const AgentCapabilities Ours = AgentCapabilities.ClipboardByDemand | AgentCapabilities.ClipboardSelection | AgentCapabilities.ClipboardGrabSerial;
    private const uint NoType = 0, TextType = 1, PngType = 2;
    private const int MostWords = 16;

    /// <summary>Messages that wait for the guest. Only a paste can be large, and the guest asks for one at a time.</summary>
    private const int OutgoingAtMost = 64;

    /// <summary>A guest that asks again and again for a large paste gets no second one before the first is through.</summary>
    private const long OutgoingBytesAtMost = ClipboardFormats.MaxBytes * 2L;

    /// <summary>The guest's programs get so long to hand over what they have copied.</summary>
    private static readonly TimeSpan s_readTimeout = TimeSpan.FromSeconds(7);

    private static readonly TimeSpan s_retryDelay = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly Channel<byte[]> _outgoing = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(OutgoingAtMost) { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly AgentReader _reader;
    private readonly Task _running;
    private Socket? _socket;
    private AgentCapabilities _peer;
    private uint _serial;
    private long _outgoingBytes;
    private ClipboardContent? _offered;
    private TaskCompletionSource<ClipboardReading>? _reading;
    private bool _isOpenInGuest;

    public AgentClipboard(ITerminalDevice device)
    {
        _reader = new AgentReader(Take, TakeTooLarge);
        _running = RunAsync(device);
    }

    public event Action<IReadOnlyList<string>>? Copied;

    public bool IsConnected
    {
        get
        {
            lock (_gate)
                return _peer.HasFlag(AgentCapabilities.ClipboardByDemand);
        }
    }

    public bool TakesPictures => true;

    public int MaxBytesToGuest => ClipboardFormats.MaxBytes;

    /// <summary>The guest's end of the port was opened or closed: an agent has started, or ended.</summary>
    public void Follow(bool isOpenInGuest)
    {
        lock (_gate)
        {
            if (_isOpenInGuest == isOpenInGuest)
                return;
            _isOpenInGuest = isOpenInGuest;
            StartAnew();
        }
    }

    public void Offer(ClipboardContent content)
    {
        lock (_gate)
        {
            _offered = content;
            Grab();
        }
    }

    public async Task<ClipboardReading> ReadAsync(IReadOnlyList<string> formats)
    {
        TaskCompletionSource<ClipboardReading> reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_reading is not null || formats.Count == 0)
                return new ClipboardReading(null, "The guest's clipboard is being read already.");
            _reading = reading;
            Send(AgentMessageKind.ClipboardRequest, [TypeOf(formats[0])]);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(s_readTimeout);
        try
        {
            return await reading.Task.WaitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return new ClipboardReading(null, "The guest did not hand its clipboard over in time.");
        }
        finally
        {
            lock (_gate)
                _reading = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Volatile.Read(ref _socket)?.Dispose();
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync(ITerminalDevice device)
    {
        // QEMU takes one client at a time, and may not have seen yet that the one before us has gone.
        SafeFileHandle? stream;
        while ((stream = await device.OpenAsync().ConfigureAwait(false)) is null)
        {
            if (_stop.IsCancellationRequested)
                return;
            await Task.Delay(s_retryDelay).ConfigureAwait(false);
        }

        using var socket = new Socket(new SafeSocketHandle(stream.DangerousGetHandle(), ownsHandle: true));
        stream.SetHandleAsInvalid();
        Volatile.Write(ref _socket, socket);
        Task sending = SendAsync(socket);
        byte[] block = new byte[64 * 1024];
        try
        {
            for (int count; (count = await socket.ReceiveAsync(block, SocketFlags.None, _stop.Token).ConfigureAwait(false)) > 0;)
            {
                lock (_gate)
                    _reader.Read(block.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // QEMU has gone, or we are leaving.
        }

        lock (_gate)
            _peer = AgentCapabilities.None;
        _outgoing.Writer.TryComplete();
        await sending.ConfigureAwait(false);
    }

    private async Task SendAsync(Socket socket)
    {
        try
        {
            await foreach (byte[] message in _outgoing.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
            {
                for (int sent = 0; sent < message.Length;)
                    sent += await socket.SendAsync(message.AsMemory(sent), _stop.Token).ConfigureAwait(false);
                Interlocked.Add(ref _outgoingBytes, -message.Length);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // As above.
        }
    }

    /// <summary>Within the gate: asks whoever has begun at the other end what it can.</summary>
    private void StartAnew()
    {
        _reader.Reset();
        _peer = AgentCapabilities.None;
        if (_isOpenInGuest)
            Announce(request: true);
    }

    private void Announce(bool request) => Enqueue(AgentWriter.Write(AgentMessageKind.AnnounceCapabilities, [request ? 1u : 0, (uint)Ours]));

    /// <summary>Within the gate, as all that the reader calls: one message of the guest's.</summary>
    private void Take(AgentMessageKind kind, ReadOnlyMemory<byte> body)
    {
        if (kind == AgentMessageKind.AnnounceCapabilities)
        {
            TakeCapabilities(body.Span);
            return;
        }

        if (_peer.HasFlag(AgentCapabilities.ClipboardSelection))
        {
            // The selection's number and three bytes of nothing; what is copied on purpose is number 0.
            if (body.Length < 4 || body.Span[0] != 0)
                return;
            body = body[4..];
        }

        if (kind == AgentMessageKind.ClipboardGrab)
            TakeGrab(body.Span);
        else if (kind == AgentMessageKind.ClipboardRequest && body.Length >= 4)
            Answer(BinaryPrimitives.ReadUInt32LittleEndian(body.Span));
        else if (kind == AgentMessageKind.Clipboard && body.Length >= 4)
            TakeContent(BinaryPrimitives.ReadUInt32LittleEndian(body.Span), body[4..]);
    }

    private void TakeCapabilities(ReadOnlySpan<byte> body)
    {
        if (body.Length < 8)
            return;
        bool wasKnown = _peer != AgentCapabilities.None;
        _peer = (AgentCapabilities)BinaryPrimitives.ReadUInt32LittleEndian(body[4..]);
        _serial = 0;
        if (BinaryPrimitives.ReadUInt32LittleEndian(body) != 0)
            Announce(request: false);
        if (!wasKnown)
            Grab();
    }

    private void TakeGrab(ReadOnlySpan<byte> body)
    {
        if (_peer.HasFlag(AgentCapabilities.ClipboardGrabSerial))
        {
            if (body.Length < 4)
                return;
            // The highest serial wins, and a tie is ours.
            uint serial = BinaryPrimitives.ReadUInt32LittleEndian(body);
            if (serial < _serial || (serial == _serial && _offered is not null))
                return;
            _serial = serial;
            body = body[4..];
        }

        _offered = null;
        var formats = new List<string>();
        for (int i = 0; i < MostWords && body.Length >= 4; i++, body = body[4..])
        {
            if (FormatOf(BinaryPrimitives.ReadUInt32LittleEndian(body)) is { } format && !formats.Contains(format))
                formats.Add(format);
        }

        Copied?.Invoke([.. formats.OrderDescending(StringComparer.Ordinal)]); // text before pictures
    }

    private void Answer(uint type)
    {
        if (_offered is { } offered && TypeOf(offered.MimeType) == type)
            Send(AgentMessageKind.Clipboard, [type], HasCrLf(type) ? LineEnds.ToCrLf(offered.Data.Span) : offered.Data.Span);
        else
            Send(AgentMessageKind.Clipboard, [NoType]);
    }

    private void TakeContent(uint type, ReadOnlyMemory<byte> data) => _reading?.TrySetResult(FormatOf(type) is { } format
        ? new ClipboardReading(new ClipboardContent(format, HasCrLf(type) ? LineEnds.ToLf(data.Span) : data), "")
        : new ClipboardReading(null, "The guest did not hand its clipboard over."));

    private void TakeTooLarge(AgentMessageKind kind, uint bytes)
    {
        if (kind == AgentMessageKind.Clipboard)
            _reading?.TrySetResult(new ClipboardReading(null, $"The guest's clipboard holds {bytes / 1048576.0:0.0} MiB; at most {ClipboardFormats.MaxBytes >> 20} MiB are passed on."));
    }

    /// <summary>Within the gate: tells the guest what we offer.</summary>
    private void Grab()
    {
        if (_offered is not { } offered || !_peer.HasFlag(AgentCapabilities.ClipboardByDemand))
            return;
        _serial = Math.Min(_serial, uint.MaxValue - 1) + 1;
        Send(AgentMessageKind.ClipboardGrab, _peer.HasFlag(AgentCapabilities.ClipboardGrabSerial) ? [_serial, TypeOf(offered.MimeType)] : [TypeOf(offered.MimeType)]);
    }

    private void Send(AgentMessageKind kind, ReadOnlySpan<uint> words, ReadOnlySpan<byte> data = default) =>
        Enqueue(AgentWriter.Write(kind, _peer.HasFlag(AgentCapabilities.ClipboardSelection) ? [0, .. words] : words, data));

    private void Enqueue(byte[] message)
    {
        if (Interlocked.Add(ref _outgoingBytes, message.Length) > OutgoingBytesAtMost || !_outgoing.Writer.TryWrite(message))
            Interlocked.Add(ref _outgoingBytes, -message.Length);
    }

    private bool HasCrLf(uint type) => type == TextType && _peer.HasFlag(AgentCapabilities.GuestLineEndCrLf);

    private static uint TypeOf(string format) => format == ClipboardFormats.Text ? TextType : PngType;

    private static string? FormatOf(uint type) => type switch
    {
        TextType => ClipboardFormats.Text,
        PngType => ClipboardFormats.Png,
        _ => null,
    };
}
