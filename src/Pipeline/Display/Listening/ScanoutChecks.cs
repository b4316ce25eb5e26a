using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display.Listening;

/// <summary>What a scanout message says of its pixels, before it is believed.</summary>
internal readonly record struct ScanoutClaim(uint Width, uint Height, uint Stride, uint Format, uint Offset = 0)
{
    /// <summary>Strides beyond this are nonsense: four bytes for each of twice the largest width.</summary>
    internal const uint MaxStride = PictureSize.MaxDimension * 8;

    public override string ToString() => $"{Width}x{Height}, stride {Stride}, offset {Offset}, format 0x{Format:x8}";

    /// <summary>Width and height, when they can be believed.</summary>
    internal bool TryGetSize(out PictureSize size)
    {
        bool sane = Width <= PictureSize.MaxDimension && Height <= PictureSize.MaxDimension;
        size = sane ? new PictureSize((int)Width, (int)Height) : default;
        return sane && size.IsValid;
    }

    /// <summary>Checks size and stride of a picture with pixels of <paramref name="bytesPerPixel"/>; gives the bytes up to its end.</summary>
    internal bool TryGetEnd(int bytesPerPixel, out long endBytes)
    {
        endBytes = Offset + (long)Stride * (Height - 1L) + (long)Width * bytesPerPixel;
        return TryGetSize(out _) && Stride <= MaxStride && Stride >= (long)Width * bytesPerPixel;
    }
}

/// <summary>Makes scanouts out of claims about fds, or says what is wrong with them.</summary>
internal static class ScanoutChecks
{
    /// <summary>A picture of a pixman format; null when it is sound.</summary>
    internal static RefusedInput? CheckPixels(in ScanoutClaim claim, out PictureSize size, out PixelFormat format, out long endBytes)
    {
        format = PixelFormat.None;
        endBytes = 0;
        if (!claim.TryGetSize(out size))
            return RefusedInput.Geometry;
        if (!PixelFormats.TryFromPixman(claim.Format, out format))
            return RefusedInput.Format;
        return claim.TryGetEnd(PixelFormats.BytesPerPixel(format), out endBytes) ? null : RefusedInput.Geometry;
    }

    /// <summary>
    /// A DMA-BUF scanout; takes the fds in any case. Tiled layouts are the importer's to judge: here only the
    /// linear ones can be checked to the byte, the others for being a buffer at all.
    /// </summary>
    internal static RefusedInput? TryCreateDmaBuf(
        in DmaBufClaim claim, DmaBufPlane[] planes, out DmaBufScanout? scanout)
    {
        scanout = null;
        RefusedInput? problem = Check(claim, planes, out PixelFormat format);
        if (problem is not null)
        {
            foreach (DmaBufPlane plane in planes)
                plane.Fd.Dispose();
            return problem;
        }

        ulong bufferId = FileIdentity.InodeOf(planes[0].Fd);
        scanout = new DmaBufScanout(
            new PictureSize((int)claim.Width, (int)claim.Height), format, claim.Modifier, planes, (int)claim.X, (int)claim.Y,
            new PictureSize((int)claim.BackingWidth, (int)claim.BackingHeight), claim.IsBottomUp, bufferId);
        return null;
    }

    private static RefusedInput? Check(in DmaBufClaim claim, DmaBufPlane[] planes, out PixelFormat format)
    {
        format = PixelFormat.None;
        if (!new ScanoutClaim(claim.Width, claim.Height, 0, 0).TryGetSize(out _)
            || !new ScanoutClaim(claim.BackingWidth, claim.BackingHeight, 0, 0).TryGetSize(out _)
            || (long)claim.X + claim.Width > claim.BackingWidth || (long)claim.Y + claim.Height > claim.BackingHeight)
            return RefusedInput.Geometry;
        if (!PixelFormats.TryFromFourcc(claim.Fourcc, out format))
            return RefusedInput.Format;
        bool isLinear = claim.Modifier is 0 or DmaBufScanout.InvalidModifier;
        for (int i = 0; i < planes.Length; i++)
        {
            DmaBufPlane plane = planes[i];
            long bytes = DmaBuf.SizeOf(plane.Fd);
            // QEMU's are true DMA-BUFs, whose size is fixed. A memory file in their place must not become shorter either.
            if (bytes <= 0 || (Fds.IsMemoryFile(plane.Fd) && !Fds.TrySealAgainstShrinking(plane.Fd)))
                return RefusedInput.FileDescriptor;
            ScanoutClaim layout = new(claim.BackingWidth, claim.BackingHeight, plane.StrideBytes, claim.Fourcc, plane.OffsetBytes);
            if (i == 0 && isLinear && (!layout.TryGetEnd(PixelFormats.BytesPerPixel(format), out long endBytes) || endBytes > bytes))
                return RefusedInput.Geometry;
            if (plane.OffsetBytes >= bytes || plane.StrideBytes == 0)
                return RefusedInput.Geometry;
        }

        return null;
    }
}

/// <summary>What ScanoutDMABUF or ScanoutDMABUF2 says, without its planes.</summary>
internal readonly record struct DmaBufClaim(
    uint X, uint Y, uint Width, uint Height, uint BackingWidth, uint BackingHeight, uint Fourcc, ulong Modifier, bool IsBottomUp)
{
    public override string ToString() =>
        $"{Width}x{Height} at {X},{Y} of {BackingWidth}x{BackingHeight}, fourcc 0x{Fourcc:x8}, modifier 0x{Modifier:x16}";
}
