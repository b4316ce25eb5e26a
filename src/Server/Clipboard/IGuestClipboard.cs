using QemuZeroCopy.Pipeline.Display.Clipboard;

namespace QemuZeroCopy.Server.Clipboard;

/// <summary>A way to the guest's clipboard: QEMU's own, or the guest's agent itself.</summary>
internal interface IGuestClipboard
{
    /// <summary>Whether somebody is at the other end.</summary>
    bool IsConnected { get; }

    /// <summary>Whether pictures pass.</summary>
    bool TakesPictures { get; }

    /// <summary>The most that reaches the guest; what is larger is lost on the way without a word.</summary>
    int MaxBytesToGuest { get; }

    /// <summary>The guest has copied something, which can be had in these of <see cref="ClipboardFormats"/>. Handlers return at once.</summary>
    event Action<IReadOnlyList<string>>? Copied;

    /// <summary>Gives the guest something to paste.</summary>
    void Offer(ClipboardContent content);

    /// <summary>Reads what the guest has copied, in the first of the formats that it has.</summary>
    Task<ClipboardReading> ReadAsync(IReadOnlyList<string> formats);
}
