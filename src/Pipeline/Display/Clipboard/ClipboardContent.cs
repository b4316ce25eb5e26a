namespace QemuZeroCopy.Pipeline.Display.Clipboard;

/// <summary>The clipboards that a guest may have; the numbers are the interface's.</summary>
public enum ClipboardSelection : uint
{
    /// <summary>What is copied and pasted.</summary>
    Clipboard = 0,

    /// <summary>X11's: what is marked, pasted by the middle button.</summary>
    Primary = 1,

    /// <summary>X11's second one, hardly ever used.</summary>
    Secondary = 2,
}

/// <summary>One form of what a clipboard holds.</summary>
/// <param name="MimeType">What it is, as one of <see cref="ClipboardFormats"/>.</param>
/// <param name="Data">Its bytes; text is UTF-8.</param>
public sealed record ClipboardContent(string MimeType, ReadOnlyMemory<byte> Data);

/// <summary>What came of reading the guest's clipboard: a content, or a sentence for a person.</summary>
public readonly record struct ClipboardReading(ClipboardContent? Content, string Problem);

/// <summary>The formats that are passed on, and the names that systems have for them.</summary>
public static class ClipboardFormats
{
    /// <summary>Text in UTF-8; the one name that QEMU knows (ui/dbus-clipboard.c, MIME_TEXT_PLAIN_UTF8).</summary>
    public const string Text = "text/plain;charset=utf-8";

    /// <summary>A picture.</summary>
    public const string Png = "image/png";

    /// <summary>More than this is refused, either way: 16 MiB.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>Which of the formats a name stands for: a MIME type, a target of X11's (ICCCM section 2.6.2) or a format of Windows'; null for others.</summary>
    public static string? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant() switch
        {
            "TEXT/PLAIN;CHARSET=UTF-8" or "TEXT/PLAIN" or "UTF8_STRING" or "STRING" or "TEXT" or "CF_UNICODETEXT" => Text,
            "IMAGE/PNG" or "PNG" => Png,
            _ => null,
        };
    }
}
