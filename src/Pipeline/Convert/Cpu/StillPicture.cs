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
    /// read it (it is in a GPU's memory), or where it comes to more than <see cref="MaxBytes"/>.
    /// </summary>
    public static byte[]? Encode(Scanout scanout)
    {
        if (scanout is not CpuScanout source)
            return null;
        void* unpacked = null;
        // Native, so that it is given back at once, and only the pages that were written ever were there.
        void* written = NativeMemory.Alloc(MaxBytes);
        try
        {
            (nint pixels, nint stride) = (source.Pixels, source.Stride);
            if (!PixelLayout.TryGet(source.Format, out PixelLayout layout))
            {
                unpacked = NativeMemory.Alloc((nuint)source.Size.Width * 4, (nuint)source.Size.Height);
                (pixels, stride) = Unpack(source, (uint*)unpacked);
            }

            var target = new Span<byte>(written, MaxBytes);
            int length = JpegEncoder.Encode(pixels, stride, source.Size.Width, source.Size.Height, ((byte)layout.R, (byte)layout.G, (byte)layout.B), Quality, target);
            return length == 0 ? null : target[..length].ToArray();
        }
        finally
        {
            NativeMemory.Free(written);
            NativeMemory.Free(unpacked);
        }
    }

    private static (nint Pixels, nint Stride) Unpack(CpuScanout source, uint* target)
    {
        (int width, int height) = (source.Size.Width, source.Size.Height);
        int rowBytes = width * PixelFormats.BytesPerPixel(source.Format);
        for (int row = 0; row < height; row++)
        {
            var packed = new ReadOnlySpan<byte>((byte*)source.Pixels + (nint)row * source.Stride, rowBytes);
            RowUnpacker.Unpack(source.Format, packed, new Span<uint>(target + (nint)row * width, width));
        }

        return ((nint)target, (nint)width * 4);
    }
}
