using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Cpu;

/// <summary>Which byte of a 4-byte pixel holds which component.</summary>
internal readonly record struct PixelLayout(int R, int G, int B)
{
    /// <summary>Memory order B G R X, which everything else is unpacked to.</summary>
    public static PixelLayout Bgrx => new(2, 1, 0);

    /// <summary>False for formats whose components are not whole bytes of four.</summary>
    public static bool TryGet(PixelFormat format, out PixelLayout layout)
    {
        (bool direct, layout) = format switch
        {
            PixelFormat.Xrgb8888 or PixelFormat.Argb8888 => (true, Bgrx),
            PixelFormat.Xbgr8888 or PixelFormat.Abgr8888 => (true, new PixelLayout(0, 1, 2)),
            PixelFormat.Rgbx8888 or PixelFormat.Rgba8888 => (true, new PixelLayout(3, 2, 1)),
            PixelFormat.Bgrx8888 or PixelFormat.Bgra8888 => (true, new PixelLayout(1, 2, 3)),
            _ => (false, Bgrx),
        };
        return direct;
    }
}
