using System.Diagnostics;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>Where a driver cannot write into the encoder's host memory, the converted tiles, and only they, are copied by the CPU.</summary>
internal static class StagedTiles
{
    /// <summary>
    /// Copies tiles from <paramref name="staged"/>, which mirrors the picture's memory byte by byte, and returns how
    /// many bytes that took.
    /// </summary>
    public static unsafe long CopyTo(HostPicture picture, nint staged, ReadOnlySpan<uint> tiles, int columns)
    {
        byte* from = (byte*)staged;
        nint chromaStart = (nint)(picture.Chroma - picture.Luma);
        long copied = 0;
        foreach (uint tile in tiles)
        {
            int x = (int)tile % columns * DamageRegion.TileSize, y = (int)tile / columns * DamageRegion.TileSize;
            int width = Math.Min(DamageRegion.TileSize, picture.PaddedWidth - x), height = Math.Min(DamageRegion.TileSize, picture.PaddedHeight - y);
            Debug.Assert(width > 0 && height > 0, "A tile lies outside of its picture.");
            CopyRows(from, picture.Luma, (nint)y * picture.Stride + x, picture.Stride, width, height);
            CopyRows(from, picture.Luma, chromaStart + (nint)(y / 2) * picture.Stride + x, picture.Stride, width, height / 2);
            copied += width * height * 3 / 2;
        }

        return copied;
    }

    private static unsafe void CopyRows(byte* from, byte* to, nint offset, int stride, int width, int rows)
    {
        for (int row = 0; row < rows; row++, offset += stride)
            Buffer.MemoryCopy(from + offset, to + offset, width, width);
    }
}
