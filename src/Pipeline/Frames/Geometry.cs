namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>Size of a picture in pixels.</summary>
public readonly record struct PictureSize(int Width, int Height)
{
    /// <summary>The largest width or height taken from QEMU, in pixels.</summary>
    public const int MaxDimension = 16384;

    /// <summary>Whether both sides are within 1 … <see cref="MaxDimension"/>.</summary>
    public bool IsValid => Width is > 0 and <= MaxDimension && Height is > 0 and <= MaxDimension;

    /// <inheritdoc/>
    public override string ToString() => $"{Width}x{Height}";
}

/// <summary>A rectangle of pixels; the right and bottom edges are exclusive.</summary>
public readonly record struct PixelRect(int X, int Y, int Width, int Height)
{
    /// <summary>Whether it covers no pixel.</summary>
    public bool IsEmpty => Width <= 0 || Height <= 0;

    /// <summary>The part of it that lies inside a picture of <paramref name="size"/>; empty if none does.</summary>
    public PixelRect ClipTo(PictureSize size)
    {
        long left = Math.Max(0, X), top = Math.Max(0, Y);
        long right = Math.Min(size.Width, (long)X + Width), bottom = Math.Min(size.Height, (long)Y + Height);
        return right <= left || bottom <= top
            ? default
            : new PixelRect((int)left, (int)top, (int)(right - left), (int)(bottom - top));
    }
}
