using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>Where the channels lie in the little-endian word of a pixel.</summary>
internal readonly record struct PixelLayout(
    uint BytesPerPixel, uint RedShift, uint GreenShift, uint BlueShift, uint RedBits, uint GreenBits, uint BlueBits)
{
    /// <summary>The layout of a format; null for an unknown one.</summary>
    public static PixelLayout? Of(PixelFormat format) => format switch
    {
        PixelFormat.Xrgb8888 or PixelFormat.Argb8888 => new(4, 16, 8, 0, 8, 8, 8),
        PixelFormat.Xbgr8888 or PixelFormat.Abgr8888 => new(4, 0, 8, 16, 8, 8, 8),
        PixelFormat.Rgbx8888 or PixelFormat.Rgba8888 => new(4, 24, 16, 8, 8, 8, 8),
        PixelFormat.Bgrx8888 or PixelFormat.Bgra8888 => new(4, 8, 16, 24, 8, 8, 8),
        PixelFormat.Rgb888 => new(3, 16, 8, 0, 8, 8, 8),
        PixelFormat.Bgr888 => new(3, 0, 8, 16, 8, 8, 8),
        PixelFormat.Rgb565 => new(2, 11, 5, 0, 5, 6, 5),
        PixelFormat.Xrgb1555 => new(2, 10, 5, 0, 5, 5, 5),
        PixelFormat.Xrgb2101010 or PixelFormat.Argb2101010 => new(4, 20, 10, 0, 10, 10, 10),
        PixelFormat.Xbgr2101010 or PixelFormat.Abgr2101010 => new(4, 0, 10, 20, 10, 10, 10),
        _ => null,
    };
}
