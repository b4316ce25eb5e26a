using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>What a shader needs to know of a target: how far to pad, and where the planes lie in 32-bit words.</summary>
internal readonly record struct TargetPlanes(
    uint PaddedWidth, uint PaddedHeight, uint LumaOffsetWords, uint LumaStrideWords, uint ChromaOffsetWords, uint ChromaStrideWords)
{
    /// <summary>The planes of a host picture, from <see cref="HostPicture.Luma"/> on.</summary>
    public static TargetPlanes Of(HostPicture picture) => new(
        (uint)picture.PaddedWidth, (uint)picture.PaddedHeight, 0, (uint)picture.Stride / 4,
        (uint)((ulong)picture.Stride * (ulong)picture.PaddedHeight / 4), (uint)picture.Stride / 4);

    /// <summary>The planes of a buffer of one's own for a picture of that size: rows of whole words, luma first.</summary>
    public static TargetPlanes For(PictureSize size)
    {
        uint stride = (uint)((size.Width + 15) & ~15), rows = (uint)((size.Height + 15) & ~15);
        return new TargetPlanes(stride, rows, 0, stride / 4, stride / 4 * rows, stride / 4);
    }

    /// <summary>Bytes of such a buffer.</summary>
    public long SizeBytes => ((long)ChromaOffsetWords + (long)ChromaStrideWords * PaddedHeight / 2) * 4;

    /// <summary>
    /// The planes of a linear surface, padded to whole macroblocks as far as its memory allows. Null where offsets or
    /// strides are not whole words or a plane does not fit its buffer.
    /// </summary>
    public static TargetPlanes? Of(DmaBufPicture picture)
    {
        long width = picture.Size.Width, height = picture.Size.Height;
        long lumaSize = DmaBuf.SizeOf(picture.Luma.Fd), chromaSize = DmaBuf.SizeOf(picture.Chroma.Fd);
        if (((picture.Luma.OffsetBytes | picture.Luma.StrideBytes | picture.Chroma.OffsetBytes | picture.Chroma.StrideBytes) & 3) != 0
            || Math.Min(picture.Luma.StrideBytes, picture.Chroma.StrideBytes) is 0
            || Math.Min(picture.Luma.StrideBytes, picture.Chroma.StrideBytes) < ((width + 1) & ~1L))
        {
            return null;
        }

        // Both planes in one buffer: the luma rows end where the chroma begins.
        bool together = FileIdentity.InodeOf(picture.Luma.Fd) == FileIdentity.InodeOf(picture.Chroma.Fd);
        long lumaEnd = together && picture.Chroma.OffsetBytes > picture.Luma.OffsetBytes ? Math.Min(lumaSize, picture.Chroma.OffsetBytes) : lumaSize;
        long lumaRows = Rows(lumaEnd, picture.Luma.OffsetBytes, picture.Luma.StrideBytes);
        long chromaRows = Rows(chromaSize, picture.Chroma.OffsetBytes, picture.Chroma.StrideBytes);
        long rows = Math.Min(lumaRows, chromaRows * 2) & ~1L;
        if (rows < ((height + 1) & ~1L))
            return null;
        long stride = Math.Min(picture.Luma.StrideBytes, picture.Chroma.StrideBytes);
        return new TargetPlanes(
            (uint)Math.Min((width + 15) & ~15L, stride), (uint)Math.Min((height + 15) & ~15L, rows),
            picture.Luma.OffsetBytes / 4, picture.Luma.StrideBytes / 4, picture.Chroma.OffsetBytes / 4, picture.Chroma.StrideBytes / 4);
    }

    private static long Rows(long size, uint offset, uint stride) => size <= offset ? 0 : (size - offset) / stride;
}
