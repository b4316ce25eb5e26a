using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Cpu;

/// <summary>The conversion as one would write it down: pixel by pixel, no unsafe code, no vectors.</summary>
internal static class ReferenceConverter
{
    public static (int R, int G, int B) Pixel(ReadOnlySpan<byte> p, PixelFormat format)
    {
        uint word = 0;
        for (int i = 0; i < PixelFormats.BytesPerPixel(format); i++)
            word |= (uint)p[i] << (8 * i);
        static int Scale(uint v, int bits) => (int)Math.Round(v * 255.0 / ((1 << bits) - 1), MidpointRounding.AwayFromZero);
        return format switch
        {
            PixelFormat.Xrgb8888 or PixelFormat.Argb8888 or PixelFormat.Rgb888 => (p[2], p[1], p[0]),
            PixelFormat.Xbgr8888 or PixelFormat.Abgr8888 or PixelFormat.Bgr888 => (p[0], p[1], p[2]),
            PixelFormat.Rgbx8888 or PixelFormat.Rgba8888 => (p[3], p[2], p[1]),
            PixelFormat.Bgrx8888 or PixelFormat.Bgra8888 => (p[1], p[2], p[3]),
            PixelFormat.Rgb565 => (Repeat(word >> 11, 5), Repeat(word >> 5 & 63, 6), Repeat(word & 31, 5)),
            PixelFormat.Xrgb1555 => (Repeat(word >> 10 & 31, 5), Repeat(word >> 5 & 31, 5), Repeat(word & 31, 5)),
            PixelFormat.Xrgb2101010 or PixelFormat.Argb2101010 => (Scale(word >> 20 & 1023, 10), Scale(word >> 10 & 1023, 10), Scale(word & 1023, 10)),
            PixelFormat.Xbgr2101010 or PixelFormat.Abgr2101010 => (Scale(word & 1023, 10), Scale(word >> 10 & 1023, 10), Scale(word >> 20 & 1023, 10)),
            _ => throw new ArgumentOutOfRangeException(nameof(format)),
        };
    }

    private static int Repeat(uint v, int bits) => (int)(v << (8 - bits) | v >> (2 * bits - 8));

    /// <summary>Y and CbCr of the padded picture: width and height rounded up to macroblocks, edges repeated.</summary>
    public static (byte[] Y, byte[] CbCr) ToNv12(ReadOnlySpan<byte> pixels, int stride, PictureSize size, PixelFormat format)
    {
        int width = (size.Width + 15) & -16, height = (size.Height + 15) & -16;
        byte[] y = new byte[width * height], chroma = new byte[width * height / 2];
        (int R, int G, int B)[] rgb = Unpack(pixels, stride, size, format, width, height);
        for (int i = 0; i < rgb.Length; i++)
            y[i] = Bt709.Luma(rgb[i].R, rgb[i].G, rgb[i].B);
        for (int row = 0; row < height / 2; row++)
        {
            for (int column = 0; column < width / 2; column++)
            {
                int at = row * 2 * width + column * 2;
                (int R, int G, int B) a = rgb[at], b = rgb[at + 1], c = rgb[at + width], d = rgb[at + width + 1];
                int red = Bt709.Mean(a.R, b.R, c.R, d.R), green = Bt709.Mean(a.G, b.G, c.G, d.G), blue = Bt709.Mean(a.B, b.B, c.B, d.B);
                chroma[row * width + column * 2] = Bt709.Cb(red, green, blue);
                chroma[row * width + column * 2 + 1] = Bt709.Cr(red, green, blue);
            }
        }

        return (y, chroma);
    }

    public static (byte[] Y, byte[] Cb, byte[] Cr) ToYuv444(ReadOnlySpan<byte> pixels, int stride, PictureSize size, PixelFormat format)
    {
        int width = (size.Width + 15) & -16, height = (size.Height + 15) & -16;
        (int R, int G, int B)[] rgb = Unpack(pixels, stride, size, format, width, height);
        return ([.. rgb.Select(p => Bt709.Luma(p.R, p.G, p.B))], [.. rgb.Select(p => Bt709.Cb(p.R, p.G, p.B))], [.. rgb.Select(p => Bt709.Cr(p.R, p.G, p.B))]);
    }

    private static (int R, int G, int B)[] Unpack(ReadOnlySpan<byte> pixels, int stride, PictureSize size, PixelFormat format, int width, int height)
    {
        int bytesPerPixel = PixelFormats.BytesPerPixel(format);
        var rgb = new (int, int, int)[width * height];
        for (int row = 0; row < height; row++)
        {
            ReadOnlySpan<byte> line = pixels[(Math.Min(row, size.Height - 1) * stride)..];
            for (int column = 0; column < width; column++)
                rgb[row * width + column] = Pixel(line[(Math.Min(column, size.Width - 1) * bytesPerPixel)..], format);
        }

        return rgb;
    }
}
