using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display.Listening;

/// <summary>
/// The last few memory files that were mapped. A guest that flips between buffers sends the same files over and
/// over; mapping them anew each time would cost a page fault per page of the picture. Display thread only.
/// </summary>
internal sealed class SharedPixelsCache
{
    // Triple buffering and one that is on its way out.
    private const int Capacity = 4;

    private readonly SharedPixels?[] _entries = new SharedPixels?[Capacity];

    /// <summary>
    /// A mapping of at least <paramref name="endBytes"/> of a memory file, with a reference for the caller; null
    /// where it is no memory file or cannot be mapped.
    /// </summary>
    internal SharedPixels? TryMap(SafeFileHandle file, in FileFacts facts, long endBytes)
    {
        for (int i = 0; i < Capacity; i++)
        {
            if (_entries[i] is { } entry && entry.BufferId == facts.Inode && entry.LengthBytes >= endBytes && !entry.IsTorn)
            {
                MoveToFront(i);
                entry.AddReference();
                return entry;
            }
        }

        // QEMU makes its memfds without MFD_ALLOW_SEALING, so the seal is a try; the mapping outlives a shorter file too.
        Fds.TrySealAgainstShrinking(file);
        if (!Fds.IsMemoryFile(file) || MemoryMapping.TryMap(file, facts.SizeBytes) is not { } mapping)
            return null;
        SharedPixels added = new(mapping, facts.Inode);
        _entries[Capacity - 1]?.Release();
        _entries[Capacity - 1] = added;
        MoveToFront(Capacity - 1);
        added.AddReference();
        return added;
    }

    internal void Clear()
    {
        foreach (ref SharedPixels? entry in _entries.AsSpan())
        {
            entry?.Release();
            entry = null;
        }
    }

    private void MoveToFront(int index)
    {
        SharedPixels? entry = _entries[index];
        Array.Copy(_entries, 0, _entries, 1, index);
        _entries[0] = entry;
    }
}
