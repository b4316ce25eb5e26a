using System.Buffers.Binary;
using System.Text;

namespace QemuZeroCopy.Server.Input.Barrier.Clipboard;

/// <summary>
/// A clipboard as it travels: a count of formats, then for each its number, its size and its bytes, all numbers
/// 32-bit big-endian (Barrier's IClipboard). Text is format 0, UTF-8 with LF; HTML is 1, bitmaps are 2.
/// </summary>
internal static class ClipboardData
{
    private const uint TextFormat = 0;

    /// <summary>More formats than any version of Barrier has ever had.</summary>
    private const uint MaxFormats = 16;

    private const int HeaderBytes = 12;

    /// <summary>Packs text; null if it is larger than a clipboard may be.</summary>
    public static byte[]? FromText(string text)
    {
        string normal = text.ReplaceLineEndings("\n");
        int bytes = Encoding.UTF8.GetByteCount(normal);
        if (bytes > Protocol.BarrierLimits.MaxClipboardBytes - HeaderBytes)
            return null;
        byte[] data = new byte[HeaderBytes + bytes];
        BinaryPrimitives.WriteUInt32BigEndian(data, 1);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(4), TextFormat);
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(8), bytes);
        Encoding.UTF8.GetBytes(normal, data.AsSpan(HeaderBytes));
        return data;
    }

    /// <summary>Unpacks the text; null if there is none in it. False if the data is not a clipboard.</summary>
    public static bool TryGetText(ReadOnlySpan<byte> data, out string? text)
    {
        text = null;
        var reader = new Protocol.MessageReader(data);
        if (!reader.TryReadUInt32(out uint formats) || formats > MaxFormats)
            return false;
        for (uint i = 0; i < formats; i++)
        {
            if (!reader.TryReadUInt32(out uint format) || !reader.TryReadBytes(out ReadOnlySpan<byte> bytes))
                return false;
            if (format == TextFormat)
                text = Encoding.UTF8.GetString(bytes);
        }

        return reader.IsAtEnd;
    }
}
