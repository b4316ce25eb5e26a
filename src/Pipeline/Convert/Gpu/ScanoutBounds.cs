using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>Checks what a scanout claims against the memory behind it, before a driver sees any of it.</summary>
internal static class ScanoutBounds
{
    /// <summary>Largest number of planes of a DMA-BUF, by the kernel's own limit.</summary>
    public const int MaxPlanes = 4;

    /// <summary>Bytes that the visible part of a linear picture reaches from the start of its buffer; 0 where the numbers do not fit each other.</summary>
    public static ulong LinearExtent(DmaBufScanout scanout)
    {
        ulong pixel = (ulong)PixelFormats.BytesPerPixel(scanout.Format);
        ulong stride = scanout.Planes[0].StrideBytes;
        ulong right = ((ulong)scanout.X + (ulong)scanout.Size.Width) * pixel;
        ulong lastRow = (ulong)scanout.Y + (ulong)scanout.Size.Height - 1;
        return pixel == 0 || stride < right ? 0 : scanout.Planes[0].OffsetBytes + lastRow * stride + right;
    }

    /// <summary>
    /// Whether planes, crop and fds are plausible: each fd open and a memory object that its plane begins inside of, the
    /// crop within the backing. Whether a tiled layout fits is the driver's to say.
    /// </summary>
    public static bool AreSound(DmaBufScanout scanout)
    {
        if (scanout.Planes.Length is 0 or > MaxPlanes || scanout.X < 0 || scanout.Y < 0
            || (long)scanout.X + scanout.Size.Width > scanout.BackingSize.Width
            || (long)scanout.Y + scanout.Size.Height > scanout.BackingSize.Height)
        {
            return false;
        }

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
