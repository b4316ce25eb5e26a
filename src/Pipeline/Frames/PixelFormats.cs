namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>Sizes of, and translations to, <see cref="PixelFormat"/>.</summary>
public static class PixelFormats
{
    /// <summary>Bytes that one pixel takes; 0 for an unknown format.</summary>
    public static int BytesPerPixel(PixelFormat format) => format switch
    {
        PixelFormat.Xrgb8888 or PixelFormat.Argb8888 or PixelFormat.Xbgr8888 or PixelFormat.Abgr8888
            or PixelFormat.Rgbx8888 or PixelFormat.Rgba8888 or PixelFormat.Bgrx8888 or PixelFormat.Bgra8888
            or PixelFormat.Xrgb2101010 or PixelFormat.Argb2101010
            or PixelFormat.Xbgr2101010 or PixelFormat.Abgr2101010 => 4,
        PixelFormat.Rgb888 or PixelFormat.Bgr888 => 3,
        PixelFormat.Rgb565 or PixelFormat.Xrgb1555 => 2,
        _ => 0,
    };

    /// <summary>
    /// Translates a pixman_format_code_t as QEMU sends it in Scanout and ScanoutMap (pixman.h). False for
    /// one that a display surface never has.
    /// </summary>
    public static bool TryFromPixman(uint code, out PixelFormat format)
    {
        format = code switch
        {
            0x20020888 => PixelFormat.Xrgb8888,
            0x20028888 => PixelFormat.Argb8888,
            0x20030888 => PixelFormat.Xbgr8888,
            0x20038888 => PixelFormat.Abgr8888,
            0x20080888 => PixelFormat.Bgrx8888,
            0x20088888 => PixelFormat.Bgra8888,
            0x20090888 => PixelFormat.Rgbx8888,
            0x20098888 => PixelFormat.Rgba8888,
            0x18020888 => PixelFormat.Rgb888,
            0x18030888 => PixelFormat.Bgr888,
            0x10020565 => PixelFormat.Rgb565,
            0x10020555 => PixelFormat.Xrgb1555,
            0x20020aaa => PixelFormat.Xrgb2101010,
            0x20022aaa => PixelFormat.Argb2101010,
            0x20030aaa => PixelFormat.Xbgr2101010,
            0x20032aaa => PixelFormat.Abgr2101010,
            _ => PixelFormat.None,
        };
        return format != PixelFormat.None;
    }

    /// <summary>Translates a DRM fourcc as QEMU sends it in ScanoutDMABUF. False for an unknown one.</summary>
    public static bool TryFromFourcc(uint fourcc, out PixelFormat format)
    {
        format = (PixelFormat)fourcc;
        if (BytesPerPixel(format) != 0)
            return true;
        format = PixelFormat.None;
        return false;
    }
}
