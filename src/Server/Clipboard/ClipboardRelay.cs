using QemuZeroCopy.Pipeline.Display.Clipboard;
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

    private readonly Lock _gate = new();
    private VmClipboard? _vm;
    private GuestCopy? _copied;
    private IReadOnlyList<string>? _toRead;
    private bool _isReading;
    private bool _takesPictures;

    public ClipboardDirections Directions { get; } = directions;

    /// <summary>What the guest copied last; null until it does.</summary>
    public GuestCopy? Copied => Volatile.Read(ref _copied);

    /// <summary>Raised when <see cref="Copied"/> is another.</summary>
    public ChangeSignal Changed { get; } = new();

    /// <summary>Goes on with another QEMU's clipboard; null while there is none.</summary>
    public void Attach(VmClipboard? vm)
    {
        VmClipboard? left = Interlocked.Exchange(ref _vm, vm);
        if (left is not null)
            left.Offered -= OnOffered;
        if (vm is not null && Directions.HasFlag(ClipboardDirections.FromGuest))
            vm.Offered += OnOffered;
    }

    /// <summary>Gives the guest something to paste; null, or a sentence about why not.</summary>
    public string? Offer(ClipboardContent content)
    {
        if (!Directions.HasFlag(ClipboardDirections.ToGuest))
            return "qzc was started without the clipboard's way to the guest (--clipboard).";
        // To offer only what QEMU does not know would leave the guest with an empty clipboard.
        if (content.MimeType != ClipboardFormats.Text && !Volatile.Read(ref _takesPictures))
            return "QEMU passes only text between clipboards, so this picture cannot be brought to the guest.";
        if (Volatile.Read(ref _vm) is not { IsConnected: true } vm)
            return "The guest's clipboard cannot be reached now: QEMU is gone, or has no clipboard.";
        vm.Offer(ClipboardSelection.Clipboard, [content]);
        return null;
    }

    private void OnOffered(ClipboardSelection selection, IReadOnlyList<string> names)
    {
        // The primary selection changes with every word that is marked; what is copied on purpose is the clipboard's.
        if (selection != ClipboardSelection.Clipboard)
            return;
        string[] formats = [.. names.Select(ClipboardFormats.Find).OfType<string>().Distinct()];
        if (formats.Contains(ClipboardFormats.Png))
            Volatile.Write(ref _takesPictures, true);
        lock (_gate)
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
            lock (_gate)
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
        Volatile.Read(ref _vm) is { } vm
            ? await vm.ReadAsync(ClipboardSelection.Clipboard, formats).ConfigureAwait(false)
            : new ClipboardReading(null, "QEMU has gone.");

    /// <summary>Windows ends its text with a zero, which is no part of it.</summary>
    private static GuestCopy Take(ClipboardReading reading) => reading.Content is { MimeType: ClipboardFormats.Text } text
        ? GuestCopy.Create(text with { Data = text.Data[..text.Data.Span.TrimEnd((byte)0).Length] })
        : GuestCopy.Create(reading.Content, reading.Problem);
}
