using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert;

/// <summary>
/// An NV12 picture in an encoder's own surface, exported as one DMA-BUF layer for each plane
/// (vaExportSurfaceHandle with VA_EXPORT_SURFACE_SEPARATE_LAYERS). Owns the fds.
/// </summary>
public sealed class DmaBufPicture : PictureTarget
{
    /// <summary>Takes ownership of the planes' fds. The two may lie in one buffer.</summary>
    public DmaBufPicture(PictureSize size, DmaBufPlane luma, DmaBufPlane chroma, ulong modifier, ulong surfaceId)
        : base(size)
    {
        Luma = luma;
        Chroma = chroma;
        Modifier = modifier;
        SurfaceId = surfaceId;
        Stale.Fill();
    }

    /// <summary>The Y plane, 8 bits a sample (DRM_FORMAT_R8).</summary>
    public DmaBufPlane Luma { get; }

    /// <summary>The interleaved Cb, Cr plane, half the size (DRM_FORMAT_GR88).</summary>
    public DmaBufPlane Chroma { get; }

    /// <summary>DRM format modifier of both planes; 0 is linear.</summary>
    public ulong Modifier { get; }

    /// <summary>The encoder's name for the surface, such as a VASurfaceID; the key for import caches.</summary>
    public ulong SurfaceId { get; }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Luma.Fd.Dispose();
        Chroma.Fd.Dispose();
    }
}
