using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.Jpeg;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Cpu;

/// <summary>One look at the screen as a JPEG file, for who cannot wait for the first frame of a video.</summary>
public static unsafe class StillPicture
{
    /// <summary>A still that takes longer to load than a video takes to begin is of no use: 2 MiB are 170 ms at 100 Mbit/s.</summary>
    public const int MaxBytes = 2 << 20;

    // Text stays readable, and most screens stay below 200 kB at 1080p.
    private const int Quality = 75;

    /// <summary>
    /// Encodes what stands in <paramref name="scanout"/> now; the caller holds a reference. Null where the processor cannot
    /// read it (it is in a GPU's memory), where libturbojpeg is missing, or where it comes to more than <see cref="MaxBytes"/>.
    /// </summary>
    public static byte[]? Encode(Scanout scanout)
    {
        if (scanout is not CpuScanout source)
            return null;
        if (PixelLayout.TryGet(source.Format, out PixelLayout layout))
            return JpegEncoder.Encode(source.Pixels, source.Stride, source.Size.Width, source.Size.Height, OrderOf(layout), Quality, MaxBytes);
        int stride = source.Size.Width * 4;
        void* unpacked = NativeMemory.Alloc((nuint)stride, (nuint)source.Size.Height);
        try
        {
            Unpack(source, (uint*)unpacked);
            return JpegEncoder.Encode((nint)unpacked, stride, source.Size.Width, source.Size.Height, PixelOrder.Bgrx, Quality, MaxBytes);
        }
        finally
        {
            NativeMemory.Free(unpacked);
        }
    }

    private static PixelOrder OrderOf(PixelLayout layout) => layout.R switch
    {
        0 => PixelOrder.Rgbx,
        1 => PixelOrder.Xrgb,
        2 => PixelOrder.Bgrx,
        _ => PixelOrder.Xbgr,
    };

    private static void Unpack(CpuScanout source, uint* target)
    {
        (int width, int height) = (source.Size.Width, source.Size.Height);
        int rowBytes = width * PixelFormats.BytesPerPixel(source.Format);
        for (int row = 0; row < height; row++)
        {
            var packed = new ReadOnlySpan<byte>((byte*)source.Pixels + (nint)row * source.Stride, rowBytes);
            RowUnpacker.Unpack(source.Format, packed, new Span<uint>(target + (nint)row * width, width));
        }
    }
}
