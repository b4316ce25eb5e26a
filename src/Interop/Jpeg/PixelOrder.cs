namespace QemuZeroCopy.Interop.Jpeg;

/// <summary>The bytes of a pixel in memory order; X is not looked at. The values are those of turbojpeg.h's TJPF.</summary>
public enum PixelOrder
{
    /// <summary>Red first.</summary>
    Rgbx = 2,

    /// <summary>Blue first.</summary>
    Bgrx = 3,

    /// <summary>Blue second, red last.</summary>
    Xbgr = 4,

    /// <summary>Red second, blue last.</summary>
    Xrgb = 5,
}
