using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Convert;

/// <summary>Pictures that look like a desktop: dark strokes on light ground in lines, from a fixed seed.</summary>
internal static class Scenes
{
    public const int GlyphWidth = 8, GlyphHeight = 16;

    public static void FillWithText(MemoryScanout scanout, int seed)
    {
        var random = new Random(seed);
        scanout.Words.Fill(0xfff4f4f0);
        for (int row = 0; (row + 1) * GlyphHeight <= scanout.Size.Height; row++)
        {
            for (int column = 0; (column + 1) * GlyphWidth <= scanout.Size.Width; column++)
            {
                if (random.Next(3) == 0)
                    DrawGlyph(scanout, column, row, random);
            }
        }
    }

    public static PixelRect DrawGlyph(MemoryScanout scanout, int column, int row, Random random)
    {
        ulong strokes = (ulong)random.NextInt64();
        Span<uint> pixels = scanout.Words;
        for (int y = 0; y < GlyphHeight; y++)
        {
            Span<uint> line = pixels.Slice((row * GlyphHeight + y) * scanout.Size.Width + column * GlyphWidth, GlyphWidth);
            for (int x = 0; x < GlyphWidth; x++)
            {
                bool ink = y is > 2 and < 14 && x is > 0 and < 7 && (strokes >> ((x / 2 + y / 3 * 5) & 63) & 1) != 0;
                line[x] = ink ? 0xff202428 : 0xfff4f4f0;
            }
        }

        return new PixelRect(column * GlyphWidth, row * GlyphHeight, GlyphWidth, GlyphHeight);
    }

    /// <summary>Everything moves: a video-like pattern of waves that drift, with grain.</summary>
    public static void FillWithMotion(MemoryScanout scanout, int picture) =>
        FillWithMotion(scanout, new PixelRect(0, 0, scanout.Size.Width, scanout.Size.Height), picture);

    /// <summary>The same in a part of the picture.</summary>
    public static void FillWithMotion(MemoryScanout scanout, PixelRect where, int picture)
    {
        Span<uint> pixels = scanout.Words;
        uint grain = (uint)(picture * 7919 + 1);
        for (int y = 0; y < where.Height; y++)
        {
            Span<uint> line = pixels.Slice((where.Y + y) * scanout.Size.Width + where.X, where.Width);
            int down = y + picture * 3;
            for (int x = 0; x < line.Length; x++)
            {
                grain = grain * 1664525 + 1013904223;
                int across = x - picture * 5, noise = (int)(grain >> 30);
                int r = (across + down) & 255, g = (across * 3 >> 1) + (down >> 1) & 255, b = (across ^ down) >> 1 & 255;
                r = r > 127 ? 255 - r : r;
                g = g > 127 ? 255 - g : g;
                line[x] = 0xff000000 | (uint)(r + 60 + noise) << 16 | (uint)(g + 70 + noise) << 8 | (uint)(b / 3 + 80 + noise);
            }
        }
    }

    /// <summary>Half the height of text moves up by <paramref name="rows"/> rows; new rows come in below.</summary>
    public static void Scroll(MemoryScanout scanout, int rows, int picture)
    {
        Span<uint> pixels = scanout.Words;
        int shift = rows * scanout.Size.Width;
        pixels[shift..].CopyTo(pixels);
        var random = new Random(picture / (GlyphHeight / rows));
        Span<uint> fresh = pixels[^shift..];
        for (int i = 0; i < fresh.Length; i++)
            fresh[i] = random.Next(5) == 0 ? 0xff202428 : 0xfff4f4f0;
    }
}
