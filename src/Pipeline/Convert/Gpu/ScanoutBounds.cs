using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>Checks what a scanout claims against the memory behind it, before a driver sees any of it.</summary>
internal static class ScanoutBounds
{
    /// <summary>Largest number of planes of a DMA-BUF, by the kernel's own limit.</summary>
    public const int MaxPlanes = 4;

    /// <summary>Bytes that a linear picture, the whole backing, reaches from the start of its buffer; 0 where the numbers do not fit each other.</summary>
    public static ulong LinearExtent(DmaBufScanout scanout)
    {
        ulong pixel = (ulong)PixelFormats.BytesPerPixel(scanout.Format);
        ulong stride = scanout.Planes[0].StrideBytes, row = (ulong)scanout.BackingSize.Width * pixel;
        return pixel == 0 || stride < row ? 0 : scanout.Planes[0].OffsetBytes + ((ulong)scanout.BackingSize.Height - 1) * stride + row;
    }

    /// <summary>Whether there are planes and the crop lies within the backing. Arithmetic only: for every frame.</summary>
    public static bool IsPlausible(DmaBufScanout scanout) =>
        scanout.Planes.Length is > 0 and <= MaxPlanes && scanout.X >= 0 && scanout.Y >= 0
        && (long)scanout.X + scanout.Size.Width <= scanout.BackingSize.Width
        && (long)scanout.Y + scanout.Size.Height <= scanout.BackingSize.Height;

    /// <summary>
    /// Whether each fd is an open memory object in which its plane begins, and a linear picture ends. Whether a tiled
    /// one fits is the driver's to say. Asks the kernel: for new buffers.
    /// </summary>
    public static bool FitMemory(DmaBufScanout scanout)
    {
        foreach (DmaBufPlane plane in scanout.Planes)
        {
            long size = DmaBuf.SizeOf(plane.Fd);
            if (size <= plane.OffsetBytes || plane.StrideBytes == 0)
                return false;
        }

        return scanout.Modifier != 0 || (LinearExtent(scanout) is var extent && extent != 0
            && extent <= (ulong)DmaBuf.SizeOf(scanout.Planes[0].Fd));
    }
}
