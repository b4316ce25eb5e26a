using QemuZeroCopy.Pipeline.Display.Chardevs;
using QemuZeroCopy.Pipeline.Display.Clipboard;
using QemuZeroCopy.Server.Clipboard.Agent;
using QemuZeroCopy.Server.Terminals;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Clipboard;

/// <summary>What the guest has copied.</summary>
/// <param name="Version">Tells it from what was copied before; never the same twice in a process.</param>
/// <param name="Content">The bytes; null where they cannot be passed on.</param>
/// <param name="Problem">Why there is no content, as a sentence for a person.</param>
internal sealed record GuestCopy(long Version, ClipboardContent? Content, string Problem)
{
    private static long s_lastVersion;

    public static GuestCopy Create(ClipboardContent? content, string problem = "") => new(Interlocked.Increment(ref s_lastVersion), content, problem);
}

/// <summary>
/// A machine's clipboard as pages know it: reads what the guest copies as soon as it says so, and hands QEMU what
/// a person gives. It outlives QEMU.
/// </summary>
internal sealed class ClipboardRelay(ClipboardDirections directions)
{
    /// <summary>A guest that copies without end is read so often and no more.</summary>
    private static readonly TimeSpan s_readGap = TimeSpan.FromMilliseconds(200);

    /// <summary>The name by which guests know their agent's port, and QEMU's chardev of it here.</summary>
    private const string AgentPortName = "com.redhat.spice.0";

    private readonly Lock _gate = new();
    private readonly Lock _readGate = new();
    private IGuestClipboard? _guest;
    private QemuClipboard? _qemu;
    private AgentClipboard? _agent;
    private VmChardev? _port;
    private GuestCopy? _copied;
    private IReadOnlyList<string>? _toRead;
    private bool _isReading;

    public ClipboardDirections Directions { get; } = directions;

    /// <summary>What the guest copied last; null until it does.</summary>
    public GuestCopy? Copied => Volatile.Read(ref _copied);

    /// <summary>Raised when <see cref="Copied"/> is another.</summary>
    public ChangeSignal Changed { get; } = new();

    /// <summary>Goes on with another QEMU's clipboard; null while there is none.</summary>
    public void Attach(VmClipboard? vm)
    {
        lock (_gate)
        {
            _qemu = vm is null ? null : new QemuClipboard(vm);
            Choose();
        }

        if (vm is null)
            Follow([]);
    }

    /// <summary>
    /// Speaks to the guest's agent itself where QEMU hands us its port, which then QEMU does not speak to; looks whether
    /// an agent is there.
    /// </summary>
    public void Follow(IReadOnlyList<VmChardev> chardevs)
    {
        VmChardev? port = Directions == ClipboardDirections.Off ? null : chardevs.FirstOrDefault(chardev => chardev.Name == AgentPortName);
        AgentClipboard? left = null;
        lock (_gate)
        {
            if (port != _port)
            {
                (left, _port) = (_agent, port);
                _agent = port is null ? null : new AgentClipboard(new ChardevDevice(port));
                Choose();
            }

            _agent?.Follow(port!.IsOpenInGuest);
        }

        if (left is not null)
            _ = left.DisposeAsync().AsTask();
    }

    /// <summary>Gives the guest something to paste; null, or a sentence about why not.</summary>
    public string? Offer(ClipboardContent content)
    {
        if (!Directions.HasFlag(ClipboardDirections.ToGuest))
            return "qzc was started without the clipboard's way to the guest (--clipboard).";
        // To offer only what QEMU does not know would leave the guest with an empty clipboard.
        IGuestClipboard? guest = Volatile.Read(ref _guest);
        if (content.MimeType != ClipboardFormats.Text && guest is not { TakesPictures: true })
            return "QEMU passes only text between clipboards, so this picture cannot be brought to the guest.";
        if (guest is not { IsConnected: true })
            return "The guest's clipboard cannot be reached now: QEMU is gone, or no agent runs in the guest.";
        if (content.Data.Length > guest.MaxBytesToGuest)
            return "QEMU's own end of the agent's port passes at most 1 MiB to the guest; qzc passes 16 MiB where it is given the port itself.";
        guest.Offer(content);
        return null;
    }

    /// <summary>Within the gate.</summary>
    private void Choose()
    {
        IGuestClipboard? left = _guest, next = (IGuestClipboard?)_agent ?? _qemu;
        if (left == next)
            return;
        if (left is not null)
            left.Copied -= OnCopied;
        if (next is not null && Directions.HasFlag(ClipboardDirections.FromGuest))
            next.Copied += OnCopied;
        Volatile.Write(ref _guest, next);
    }

    private void OnCopied(IReadOnlyList<string> formats)
    {
        lock (_readGate)
        {
            _toRead = formats;
            if (_isReading)
                return;
            _isReading = true;
        }

        _ = ReadAsync();
    }

    private async Task ReadAsync()
    {
        while (true)
        {
            IReadOnlyList<string> formats;
            lock (_readGate)
            {
                if (_toRead is null)
                {
                    _isReading = false;
                    return;
                }

                formats = _toRead;
                _toRead = null;
            }

            GuestCopy copied = formats.Count == 0
                ? GuestCopy.Create(null, "The guest copied something that is neither text nor a picture.")
                : Take(await ReadAsync(formats).ConfigureAwait(false));
            Volatile.Write(ref _copied, copied);
            Changed.Raise();
            await Task.Delay(s_readGap).ConfigureAwait(false);
        }
    }

    private async Task<ClipboardReading> ReadAsync(IReadOnlyList<string> formats) =>
        Volatile.Read(ref _guest) is { } guest
            ? await guest.ReadAsync(formats).ConfigureAwait(false)
            : new ClipboardReading(null, "QEMU has gone.");

    /// <summary>Windows ends its text with a zero, which is no part of it.</summary>
    private static GuestCopy Take(ClipboardReading reading) => reading.Content is { MimeType: ClipboardFormats.Text } text
        ? GuestCopy.Create(text with { Data = text.Data[..text.Data.Span.TrimEnd((byte)0).Length] })
        : GuestCopy.Create(reading.Content, reading.Problem);
}
