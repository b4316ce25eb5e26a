using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Jpeg;

/// <summary>Baseline JPEG, 4:2:0, by libturbojpeg (turbojpeg.h), found when first called, so that qzc starts without it.</summary>
public static unsafe partial class JpegEncoder
{
    private const string Library = "libturbojpeg.so.0";

    // turbojpeg.h: TJSAMP_420.
    private const int Subsampling420 = 2;

    private static readonly Lazy<bool> s_isThere = new(static () => NativeLibrary.TryLoad(Library, out _));

    /// <summary>Whether libturbojpeg is installed.</summary>
    public static bool IsAvailable => s_isThere.Value;

    /// <summary>
    /// Encodes pixels of 4 bytes. The caller has checked that <paramref name="height"/> rows,
    /// <paramref name="stride"/> bytes apart, can be read from <paramref name="pixels"/>.
    /// </summary>
    /// <param name="pixels">The first pixel of the top row.</param>
    /// <param name="stride">Bytes between two rows, positive.</param>
    /// <param name="width">1 to 65500.</param>
    /// <param name="height">1 to 65500.</param>
    /// <param name="order">Where red, green and blue stand in a pixel.</param>
    /// <param name="quality">1 to 100; 50 is what T.81's annex K gives.</param>
    /// <param name="maxBytes">A longer file is none.</param>
    /// <returns>The file; null where it is too long or libturbojpeg is missing.</returns>
    public static byte[]? Encode(nint pixels, int stride, int width, int height, PixelOrder order, int quality, int maxBytes)
    {
        if (!IsAvailable)
            return null;
        nint compressor = tjInitCompress();
        if (compressor == 0)
            return null;
        byte* file = null;
        CULong length = default;
        try
        {
            bool made = tjCompress2(compressor, (byte*)pixels, width, stride, height, (int)order, &file, &length, Subsampling420, quality, flags: 0) == 0;
            return made && length.Value <= (nuint)maxBytes ? new Span<byte>(file, (int)length.Value).ToArray() : null;
        }
        finally
        {
            tjFree(file);
            _ = tjDestroy(compressor);
        }
    }

    [LibraryImport(Library)]
    private static partial nint tjInitCompress();

    [LibraryImport(Library)]
    private static partial int tjCompress2(
        nint compressor, byte* source, int width, int pitch, int height, int pixelFormat, byte** target, CULong* length, int subsampling, int quality, int flags);

    [LibraryImport(Library)]
    private static partial void tjFree(byte* buffer);

    [LibraryImport(Library)]
    private static partial int tjDestroy(nint compressor);
}
