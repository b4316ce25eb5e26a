using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>One plane of a DMA-BUF picture.</summary>
/// <param name="Fd">The dma-buf; owned by the scanout.</param>
/// <param name="OffsetBytes">Where the plane starts.</param>
/// <param name="StrideBytes">Distance between two rows.</param>
public readonly record struct DmaBufPlane(SafeFileHandle Fd, uint OffsetBytes, uint StrideBytes);

/// <summary>
/// A scanout that lies in GPU memory, as QEMU's ScanoutDMABUF or ScanoutDMABUF2 hands it over
/// (ui/dbus-listener.c). Owns its fds, which are duplicates of those in the message.
/// </summary>
public sealed class DmaBufScanout : Scanout
{
    private readonly DmaBufPlane[] _planes;

    /// <summary>Takes ownership of the planes' fds.</summary>
    public DmaBufScanout(
        PictureSize size, PixelFormat format, ulong modifier, DmaBufPlane[] planes,
        int x, int y, PictureSize backingSize, bool bottomUp, ulong bufferId)
        : base(size, format)
    {
        Modifier = modifier;
        _planes = planes;
        X = x;
        Y = y;
        BackingSize = backingSize;
        IsBottomUp = bottomUp;
        BufferId = bufferId;
    }

    /// <summary>DRM format modifier (drm_fourcc.h); 0 is linear, <see cref="InvalidModifier"/> means "implicit".</summary>
    public ulong Modifier { get; }

    /// <summary>DRM_FORMAT_MOD_INVALID: the producer did not say.</summary>
    public const ulong InvalidModifier = 0x00ff_ffff_ffff_ffff;

    /// <summary>The planes, 1 to 4, colour first.</summary>
    public ReadOnlySpan<DmaBufPlane> Planes => _planes;

    /// <summary>Left edge of the visible part in the buffer, in pixels.</summary>
    public int X { get; }

    /// <summary>Top edge of the visible part in the buffer, in pixels.</summary>
    public int Y { get; }

    /// <summary>Size of the whole buffer in pixels.</summary>
    public PictureSize BackingSize { get; }

    /// <summary>QEMU's y0_top: the first row in memory is the bottom one of the picture.</summary>
    public bool IsBottomUp { get; }

    /// <summary>Identity of the producer's buffer (inode of plane 0's dma-buf), the key for import caches.</summary>
    public ulong BufferId { get; }

    /// <inheritdoc/>
    public override string ToString() => Modifier == 0
        ? $"a linear DMA-BUF of {Size}, {Format}"
        : $"a DMA-BUF of {Size}, {Format}, modifier 0x{Modifier:x16}, which only a driver of the GPU that tiled it can read";

    /// <inheritdoc/>
    protected override void Free()
    {
        foreach (DmaBufPlane plane in _planes)
            plane.Fd.Dispose();
    }
}
