using System.Runtime.InteropServices;

namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>
/// A scanout in our own memory, filled by the display thread from messages (Scanout, Update) or from a file
/// that cannot be mapped safely. May be written while it is read; the damage that follows heals a torn picture.
/// </summary>
public sealed unsafe class CopiedScanout : CpuScanout
{
    private byte* _memory;

    /// <summary>Allocates a black picture with rows of whole cache lines.</summary>
    public CopiedScanout(PictureSize size, PixelFormat format)
        : base(size, format, (size.Width * PixelFormats.BytesPerPixel(format) + 63) & ~63)
    {
        BytesPerPixel = PixelFormats.BytesPerPixel(format);
        ArgumentOutOfRangeException.ThrowIfZero(BytesPerPixel, nameof(format));
        nuint bytes = (nuint)Stride * (nuint)size.Height;
        _memory = (byte*)NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(_memory, bytes);
    }

    /// <summary>Bytes that a pixel takes.</summary>
    public int BytesPerPixel { get; }

    /// <inheritdoc/>
    public override nint Pixels => (nint)_memory;

    /// <summary>
    /// Copies a rectangle's pixels, the first at the start of <paramref name="source"/>. False, with nothing
    /// written, where the rectangle leaves the picture or the source is too short for it.
    /// </summary>
    public bool TryWrite(PixelRect rect, ReadOnlySpan<byte> source, int sourceStride)
    {
        if (rect.IsEmpty || rect.ClipTo(Size) != rect || sourceStride < rect.Width * BytesPerPixel
            || source.Length < (long)sourceStride * (rect.Height - 1) + (long)rect.Width * BytesPerPixel)
            return false;
        for (int row = 0; row < rect.Height; row++)
            source.Slice(row * sourceStride, rect.Width * BytesPerPixel).CopyTo(Row(rect, row));
        return true;
    }

    /// <summary>The bytes of one row of <paramref name="rect"/>, which lies inside the picture; for the one who fills it.</summary>
    public Span<byte> Row(PixelRect rect, int row)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rect.ClipTo(Size), rect);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)rect.Height);
        byte* start = _memory + (nint)(rect.Y + row) * Stride + (nint)rect.X * BytesPerPixel;
        return new Span<byte>(start, rect.Width * BytesPerPixel);
    }

    /// <inheritdoc/>
    protected override void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
