namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>
/// Layout of one packed RGB pixel. The value is the DRM fourcc (drm_fourcc.h); components are named from
/// the most to the least significant bit of a little-endian word, so <see cref="Xrgb8888"/> lies in
/// memory as B, G, R, X.
/// </summary>
public enum PixelFormat : uint
{
    /// <summary>No or an unknown format.</summary>
    None = 0,

    /// <summary>XR24: memory order B G R X. QEMU's default (PIXMAN_x8r8g8b8).</summary>
    Xrgb8888 = 0x34325258,

    /// <summary>AR24: memory order B G R A (PIXMAN_a8r8g8b8).</summary>
    Argb8888 = 0x34325241,

    /// <summary>XB24: memory order R G B X (PIXMAN_x8b8g8r8).</summary>
    Xbgr8888 = 0x34324258,

    /// <summary>AB24: memory order R G B A (PIXMAN_a8b8g8r8).</summary>
    Abgr8888 = 0x34324241,

    /// <summary>RX24: memory order X B G R (PIXMAN_r8g8b8x8).</summary>
    Rgbx8888 = 0x34325852,

    /// <summary>RA24: memory order A B G R (PIXMAN_r8g8b8a8).</summary>
    Rgba8888 = 0x34324152,

    /// <summary>BX24: memory order X R G B (PIXMAN_b8g8r8x8).</summary>
    Bgrx8888 = 0x34325842,

    /// <summary>BA24: memory order A R G B (PIXMAN_b8g8r8a8).</summary>
    Bgra8888 = 0x34324142,

    /// <summary>RG24: memory order B G R, 3 bytes (PIXMAN_r8g8b8).</summary>
    Rgb888 = 0x34324752,

    /// <summary>BG24: memory order R G B, 3 bytes (PIXMAN_b8g8r8).</summary>
    Bgr888 = 0x34324742,

    /// <summary>RG16: 5-6-5 bits in a 16-bit word (PIXMAN_r5g6b5).</summary>
    Rgb565 = 0x36314752,

    /// <summary>XR15: 5-5-5 bits in a 16-bit word (PIXMAN_x1r5g5b5).</summary>
    Xrgb1555 = 0x35315258,

    /// <summary>XR30: 10-10-10 bits (PIXMAN_x2r10g10b10).</summary>
    Xrgb2101010 = 0x30335258,

    /// <summary>AR30: 10-10-10 bits with 2 of alpha (PIXMAN_a2r10g10b10).</summary>
    Argb2101010 = 0x30335241,

    /// <summary>XB30: 10-10-10 bits (PIXMAN_x2b10g10r10).</summary>
    Xbgr2101010 = 0x30334258,

    /// <summary>AB30: 10-10-10 bits with 2 of alpha (PIXMAN_a2b10g10r10).</summary>
    Abgr2101010 = 0x30334241,
}
