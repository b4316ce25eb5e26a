namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>
/// What QEMU shows on a console now. Made by the display thread with one reference, which it drops when
/// QEMU replaces the scanout; the encode thread holds another while it reads. The last
/// <see cref="Release"/> frees the memory or fds. The pixels are live: the guest may write at any time,
/// and a picture torn by that is healed by the damage that follows.
/// </summary>
public abstract class Scanout
{
    private int _references = 1;

    /// <summary>Takes the geometry, which the caller has checked against the memory behind it.</summary>
    protected Scanout(PictureSize size, PixelFormat format)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(size.IsValid, false, nameof(size));
        Size = size;
        Format = format;
    }

    /// <summary>Visible size in pixels.</summary>
    public PictureSize Size { get; }

    /// <summary>Layout of a pixel.</summary>
    public PixelFormat Format { get; }

    /// <summary>What it is, for a log line.</summary>
    public override string ToString() => $"shared memory of {Size}, {Format}";

    /// <summary>Takes one more reference. Only a holder of a reference may call it.</summary>
    public void AddReference()
    {
        int now = Interlocked.Increment(ref _references);
        System.Diagnostics.Debug.Assert(now > 1, "A freed scanout was taken up again.");
    }

    /// <summary>Drops one reference; the last one frees what the scanout owns.</summary>
    public void Release()
    {
        int now = Interlocked.Decrement(ref _references);
        System.Diagnostics.Debug.Assert(now >= 0, "A scanout was released twice.");
        if (now == 0)
            Free();
    }

    /// <summary>Frees memory and fds; called once, on whichever thread drops the last reference.</summary>
    protected abstract void Free();
}

/// <summary>A scanout whose pixels the CPU can read: <c>Stride * Height</c> bytes from <see cref="Pixels"/>.</summary>
public abstract class CpuScanout : Scanout
{
    /// <inheritdoc/>
    protected CpuScanout(PictureSize size, PixelFormat format, int stride)
        : base(size, format) => Stride = stride;

    /// <summary>
    /// Distance between the starts of two rows, in bytes; at least width × bytes per pixel, or its negative where the
    /// rows stand in memory from the bottom up.
    /// </summary>
    public int Stride { get; }

    /// <summary>Address of the first pixel of the top row. Valid while a reference is held.</summary>
    public abstract nint Pixels { get; }
}
