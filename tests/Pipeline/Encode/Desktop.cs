using System.Runtime.InteropServices;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Convert.Cpu;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

/// <summary>Pictures that look like a desktop to an encoder: small dark strokes on light ground, in lines.</summary>
internal static class Desktop
{
    private const int CellWidth = 8, CellHeight = 16;

    public static MemoryScanout Scanout(PictureSize size) => new(size, PixelFormat.Xrgb8888, size.Width * 4);

    public static void FillWithText(MemoryScanout scanout, Random random)
    {
        Pixels(scanout).Fill(0xfff4f4f0);
        for (int row = 0; (row + 1) * CellHeight <= scanout.Size.Height; row++)
        {
            for (int column = 0; (column + 1) * CellWidth <= scanout.Size.Width; column++)
            {
                if (random.Next(6) != 0)
                    DrawGlyph(scanout, column, row, random);
            }
        }
    }

    /// <summary>One character anew; returns what changed.</summary>
    public static PixelRect DrawGlyph(MemoryScanout scanout, int column, int row, Random random)
    {
        Span<uint> pixels = Pixels(scanout);
        ulong strokes = (ulong)random.NextInt64();
        for (int y = 0; y < CellHeight; y++)
        {
            for (int x = 0; x < CellWidth; x++)
            {
                bool ink = y is > 2 and < 14 && x is > 0 and < 7 && (strokes >> ((x / 2 + y / 3 * 5) & 63) & 1) != 0;
                pixels[(row * CellHeight + y) * scanout.Size.Width + column * CellWidth + x] = ink ? 0xff202428 : 0xfff4f4f0;
            }
        }

        return new PixelRect(column * CellWidth, row * CellHeight, CellWidth, CellHeight);
    }

    public static void FillWithNoise(MemoryScanout scanout, Random random) => random.NextBytes(scanout.Bytes);

    public static Span<uint> Pixels(MemoryScanout scanout) => MemoryMarshal.Cast<byte, uint>(scanout.Bytes);

    /// <summary>The visible part of a picture as ffmpeg writes NV12.</summary>
    public static unsafe byte[] Visible(HostPicture picture)
    {
        PictureSize size = picture.Size;
        var bytes = new List<byte>(Ffmpeg.Nv12Bytes(size));
        for (int row = 0; row < size.Height; row++)
            bytes.AddRange(new ReadOnlySpan<byte>(picture.Luma + (nint)row * picture.Stride, size.Width));
        for (int row = 0; row < (size.Height + 1) / 2; row++)
            bytes.AddRange(new ReadOnlySpan<byte>(picture.Chroma + (nint)row * picture.Stride, (size.Width + 1) & -2));
        return [.. bytes];
    }
}
