using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>What makes two DMA-BUF scanouts the same import: the dma-buf's inode and how its bytes are read, not the crop.</summary>
internal readonly record struct ImportKey(
    ulong BufferId, PixelFormat Format, ulong Modifier, PictureSize BackingSize, uint OffsetBytes, uint StrideBytes)
{
    public static ImportKey Of(DmaBufScanout scanout) => new(
        scanout.BufferId, scanout.Format, scanout.Modifier, scanout.BackingSize, scanout.Planes[0].OffsetBytes, scanout.Planes[0].StrideBytes);
}

/// <summary>
/// The imports of what QEMU shows. A guest flips between a few buffers, so imports are kept by the dma-buf's inode,
/// which cannot be reused while the import holds the buffer. Used between two waits for the GPU, so whatever is
/// dropped here is idle.
/// </summary>
internal sealed class ImportCache<T> : IDisposable
    where T : class, IDisposable
{
    // Triple buffering, twice: while a guest changes its mode the old set is still among the new one.
    public const int Capacity = 6;
    private const long ForgottenAfterFrames = 120;

    private readonly (ImportKey Key, T? Import, long LastUse)[] _entries = new (ImportKey, T?, long)[Capacity];
    private long _frame;

    /// <summary>The import of that key, or null. Counts as a use.</summary>
    public T? Find(in ImportKey key)
    {
        _frame++;
        for (int i = 0; i < _entries.Length; i++)
        {
            if (_entries[i].Import is { } import && _entries[i].Key == key)
            {
                _entries[i].LastUse = _frame;
                return import;
            }
        }

        return null;
    }

    /// <summary>Takes the import over; the least recently used one gives way, and so do all that nobody has used for long.</summary>
    public void Add(in ImportKey key, T import)
    {
        int oldest = 0;
        for (int i = 0; i < _entries.Length; i++)
        {
            if (_frame - _entries[i].LastUse > ForgottenAfterFrames)
                Drop(i);
            if (_entries[i].Import is null || (_entries[oldest].Import is not null && _entries[i].LastUse < _entries[oldest].LastUse))
                oldest = i;
        }

        Drop(oldest);
        _entries[oldest] = (key, import, _frame);
    }

    public void Dispose()
    {
        for (int i = 0; i < _entries.Length; i++)
            Drop(i);
    }

    private void Drop(int index)
    {
        _entries[index].Import?.Dispose();
        _entries[index] = default;
    }
}
