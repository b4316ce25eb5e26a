using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Gpu;

/// <summary>BT.709 limited range from its definition, in floating point, one pixel at a time: what the kernels are held against.</summary>
internal static class PlainNv12
{
    /// <summary>8-bit R, G, B of the pixel at byte <paramref name="at"/>, written apart from the code under test.</summary>
    public static (int R, int G, int B) Pixel(ReadOnlySpan<byte> memory, int at, PixelFormat format)
    {
        uint Word(ReadOnlySpan<byte> m, int bytes)
        {
            uint word = 0;
            for (int i = 0; i < bytes; i++)
                word |= (uint)m[at + i] << (8 * i);
            return word;
        }

        switch (format)
        {
            case PixelFormat.Xrgb8888 or PixelFormat.Argb8888 or PixelFormat.Rgb888:
                return (memory[at + 2], memory[at + 1], memory[at]);
            case PixelFormat.Xbgr8888 or PixelFormat.Abgr8888 or PixelFormat.Bgr888:
                return (memory[at], memory[at + 1], memory[at + 2]);
            case PixelFormat.Rgbx8888 or PixelFormat.Rgba8888:
                return (memory[at + 3], memory[at + 2], memory[at + 1]);
            case PixelFormat.Bgrx8888 or PixelFormat.Bgra8888:
                return (memory[at + 1], memory[at + 2], memory[at + 3]);
            case PixelFormat.Rgb565:
                uint w = Word(memory, 2);
                return (Widen(w >> 11, 5), Widen(w >> 5 & 63, 6), Widen(w & 31, 5));
            case PixelFormat.Xrgb1555:
                w = Word(memory, 2);
                return (Widen(w >> 10 & 31, 5), Widen(w >> 5 & 31, 5), Widen(w & 31, 5));
            case PixelFormat.Xrgb2101010 or PixelFormat.Argb2101010:
                w = Word(memory, 4);
                return ((int)(w >> 22 & 255), (int)(w >> 12 & 255), (int)(w >> 2 & 255));
            case PixelFormat.Xbgr2101010 or PixelFormat.Abgr2101010:
                w = Word(memory, 4);
                return ((int)(w >> 2 & 255), (int)(w >> 12 & 255), (int)(w >> 22 & 255));
            default:
                throw new ArgumentOutOfRangeException(nameof(format));
        }
    }

    public static double Luma((int R, int G, int B) c) => 16 + 219 / 255.0 * (0.2126 * c.R + 0.7152 * c.G + 0.0722 * c.B);

    public static (double Cb, double Cr) Chroma(double r, double g, double b)
    {
        double y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        return (128 + 224 / 255.0 * (b - y) / (2 * (1 - 0.0722)), 128 + 224 / 255.0 * (r - y) / (2 * (1 - 0.2126)));
    }

    private static int Widen(uint value, int bits) => (int)(value << (8 - bits) | value >> (2 * bits - 8));
}
