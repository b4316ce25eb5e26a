using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>
/// One memory file of QEMU's, mapped; shared by the scanouts that lie in it (a guest flips between a few
/// buffers) and unmapped when the last of them goes. Thread-safe.
/// </summary>
public sealed class SharedPixels
{
    private readonly MemoryMapping _mapping;
    private int _references = 1;

    /// <summary>Takes ownership of the mapping.</summary>
    public SharedPixels(MemoryMapping mapping, ulong bufferId)
    {
        _mapping = mapping;
        BufferId = bufferId;
    }

    /// <summary>Inode of the memory file: the key for GPU import caches.</summary>
    public ulong BufferId { get; }

    /// <summary>First mapped byte, page aligned.</summary>
    public nint Address => _mapping.Address;

    /// <summary>Mapped bytes.</summary>
    public long LengthBytes => _mapping.LengthBytes;

    /// <summary>Whether the mapping is writable, as some GPU drivers demand of memory that they import.</summary>
    public bool IsWritable => _mapping.IsWritable;

    /// <summary>Whether QEMU's file became shorter than the picture, and zeros were read for what is missing.</summary>
    public bool IsTorn => _mapping.IsTorn;

    /// <summary>Takes one more reference; only a holder of one may.</summary>
    public void AddReference() => Interlocked.Increment(ref _references);

    /// <summary>Drops a reference; the last one unmaps.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
            _mapping.Dispose();
    }
}

/// <summary>A scanout in memory shared with QEMU (ScanoutMap): the guest's drawing is seen without a copy.</summary>
public sealed unsafe class SharedMemoryScanout : CpuScanout
{
    // Of the rows looked at; the middle four are left out.
    private const int SampledRows = 16;

    /// <summary>Takes over one reference to <paramref name="memory"/>; the caller has checked that the picture fits.</summary>
    public SharedMemoryScanout(PictureSize size, PixelFormat format, int stride, SharedPixels memory, long offsetBytes)
        : base(size, format, stride)
    {
        ArgumentNullException.ThrowIfNull(memory);
        long needed = offsetBytes + (long)stride * (size.Height - 1) + (long)size.Width * PixelFormats.BytesPerPixel(format);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(needed, memory.LengthBytes, nameof(offsetBytes));
        Memory = memory;
        OffsetBytes = offsetBytes;
    }

    /// <summary>The mapping; valid while a reference to the scanout is held.</summary>
    public SharedPixels Memory { get; }

    /// <summary>Where the picture starts in it.</summary>
    public long OffsetBytes { get; }

    /// <inheritdoc/>
    public override nint Pixels => Memory.Address + (nint)OffsetBytes;

    /// <summary>
    /// Whether nothing has been drawn yet, by a few rows that are all zeros. Not by those in the middle: QEMU's placeholder for a
    /// missing picture has its text there (ui/console.c).
    /// </summary>
    public bool IsBlank()
    {
        int bytes = Size.Width * PixelFormats.BytesPerPixel(Format);
        for (int i = 0; i < SampledRows; i++)
        {
            if (Math.Abs(2 * i + 1 - SampledRows) < 4)
                continue;
            // The constructor has checked that every row lies in the mapping.
            byte* row = (byte*)Pixels + (nint)((2L * i + 1) * Size.Height / (2 * SampledRows)) * Stride;
            if (new ReadOnlySpan<byte>(row, bytes).ContainsAnyExcept((byte)0))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    protected override void Free() => Memory.Release();
}
