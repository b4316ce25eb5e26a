using QemuZeroCopy.Pipeline.Display.Clipboard;

namespace QemuZeroCopy.Server.Clipboard;

/// <summary>QEMU's own clipboard, which has a guest's agent or another display of QEMU's at its other end.</summary>
internal sealed class QemuClipboard : IGuestClipboard
{
    private readonly VmClipboard _vm;
    private volatile bool _takesPictures;

    public QemuClipboard(VmClipboard vm)
    {
        _vm = vm;
        vm.Offered += OnOffered;
    }

    public event Action<IReadOnlyList<string>>? Copied;

    public bool IsConnected => _vm.IsConnected;

    /// <summary>No QEMU so far passes any; one that does will say so by what it offers.</summary>
    public bool TakesPictures => _takesPictures;

    /// <summary>QEMU's end of an agent's port drops a message that is larger than 1 MiB with its headers (ui/vdagent.c, VDAGENT_BUFFER_LIMIT).</summary>
    public int MaxBytesToGuest => (1 << 20) - 64;

    public void Offer(ClipboardContent content) => _vm.Offer(ClipboardSelection.Clipboard, [content]);

    public Task<ClipboardReading> ReadAsync(IReadOnlyList<string> formats) => _vm.ReadAsync(ClipboardSelection.Clipboard, formats);

    private void OnOffered(ClipboardSelection selection, IReadOnlyList<string> names)
    {
        // The primary selection changes with every word that is marked; what is copied on purpose is the clipboard's.
        if (selection != ClipboardSelection.Clipboard)
            return;
        string[] formats = [.. names.Select(ClipboardFormats.Find).OfType<string>().Distinct()];
        _takesPictures |= formats.Contains(ClipboardFormats.Png);
        Copied?.Invoke(formats);
    }
}
