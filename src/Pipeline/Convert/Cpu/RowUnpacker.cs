using System.Runtime.InteropServices;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Cpu;

/// <summary>Rows of the rarer formats as B G R X, 4 bytes a pixel.</summary>
internal static class RowUnpacker
{
    /// <summary>Unpacks as many pixels as <paramref name="target"/> holds.</summary>
    public static void Unpack(PixelFormat format, ReadOnlySpan<byte> source, Span<uint> target)
    {
        switch (format)
        {
            case PixelFormat.Rgb888:
                UnpackBytes(source, target, blueFirst: true);
                break;
            case PixelFormat.Bgr888:
                UnpackBytes(source, target, blueFirst: false);
                break;
            case PixelFormat.Rgb565:
                Unpack565(MemoryMarshal.Cast<byte, ushort>(source), target);
                break;
            case PixelFormat.Xrgb1555:
                Unpack555(MemoryMarshal.Cast<byte, ushort>(source), target);
                break;
            case PixelFormat.Xrgb2101010 or PixelFormat.Argb2101010:
                Unpack30(MemoryMarshal.Cast<byte, uint>(source), target, redShift: 20, blueShift: 0);
                break;
            case PixelFormat.Xbgr2101010 or PixelFormat.Abgr2101010:
                Unpack30(MemoryMarshal.Cast<byte, uint>(source), target, redShift: 0, blueShift: 20);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "This format needs no unpacking.");
        }
    }

    private static void UnpackBytes(ReadOnlySpan<byte> source, Span<uint> target, bool blueFirst)
    {
        int red = blueFirst ? 2 : 0, blue = 2 - red;
        for (int i = 0; i < target.Length; i++)
        {
            ReadOnlySpan<byte> pixel = source.Slice(i * 3, 3);
            target[i] = (uint)(pixel[blue] | pixel[1] << 8 | pixel[red] << 16);
        }
    }

    // The high bits are repeated below: 31 becomes 255, and the steps between are even.
    private static void Unpack565(ReadOnlySpan<ushort> source, Span<uint> target)
    {
        for (int i = 0; i < target.Length; i++)
        {
            uint v = source[i], r = v >> 11, g = v >> 5 & 63, b = v & 31;
            target[i] = (b << 3 | b >> 2) | (g << 2 | g >> 4) << 8 | (r << 3 | r >> 2) << 16;
        }
    }

    private static void Unpack555(ReadOnlySpan<ushort> source, Span<uint> target)
    {
        for (int i = 0; i < target.Length; i++)
        {
            uint v = source[i], r = v >> 10 & 31, g = v >> 5 & 31, b = v & 31;
            target[i] = (b << 3 | b >> 2) | (g << 3 | g >> 2) << 8 | (r << 3 | r >> 2) << 16;
        }
    }

    private static void Unpack30(ReadOnlySpan<uint> source, Span<uint> target, int redShift, int blueShift)
    {
        for (int i = 0; i < target.Length; i++)
        {
            uint v = source[i];
            target[i] = To8Bits(v >> blueShift & 1023) | To8Bits(v >> 10 & 1023) << 8 | To8Bits(v >> redShift & 1023) << 16;
        }
    }

    // Rounded v * 255 / 1023, exact for all 1024 values.
    private static uint To8Bits(uint v) => (v * 255 + 511) / 1023;
}
