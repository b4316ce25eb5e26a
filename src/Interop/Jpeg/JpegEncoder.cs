using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Jpeg;

/// <summary>Baseline JPEG, 4:2:0 (native/jpeg).</summary>
public static unsafe partial class JpegEncoder
{
    /// <summary>
    /// Encodes pixels of 4 bytes. The caller has checked that <paramref name="height"/> rows, each
    /// <paramref name="stride"/> bytes after the one before (negative: from the bottom up), can be read from
    /// <paramref name="pixels"/>.
    /// </summary>
    /// <param name="pixels">The first pixel of the top row.</param>
    /// <param name="stride">Bytes between two rows.</param>
    /// <param name="width">1 to 16384.</param>
    /// <param name="height">1 to 16384.</param>
    /// <param name="channels">Which byte of a pixel, 0 to 3, is red, green, blue.</param>
    /// <param name="quality">1 to 100; 50 is what T.81's annex K gives.</param>
    /// <param name="target">Where to.</param>
    /// <returns>Bytes written; 0 where they do not fit.</returns>
    public static int Encode(nint pixels, nint stride, int width, int height, (byte R, byte G, byte B) channels, int quality, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Math.Max(channels.R, Math.Max(channels.G, channels.B)), 3, nameof(channels));
        byte* bytes = stackalloc byte[] { channels.R, channels.G, channels.B };
        fixed (byte* to = target)
            return (int)qzc_jpeg_encode((byte*)pixels, stride, width, height, bytes, quality, to, target.Length);
    }

    [LibraryImport("qzcnative")]
    private static partial nint qzc_jpeg_encode(byte* pixels, nint stride, int width, int height, byte* channels, int quality, byte* target, nint capacity);
}
