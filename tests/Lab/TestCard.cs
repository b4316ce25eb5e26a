namespace QemuZeroCopy.Lab.Tests;

/// <summary>The picture that tests/Lab/vm/screen.S comes to rest with.</summary>
internal static class TestCard
{
    public const int Width = 640, Height = 480;

    /// <summary>Its pixels, red, green and blue.</summary>
    public static byte[] Pixels()
    {
        byte[] pixels = new byte[Width * Height * 3];
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
                (pixels[(y * Width + x) * 3], pixels[(y * Width + x) * 3 + 1], pixels[(y * Width + x) * 3 + 2]) = ((byte)(x / 4), (byte)(y / 2), (byte)((x + y) / 8));
        }

        return pixels;
    }
}
