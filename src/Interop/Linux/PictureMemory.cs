using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>
/// Memory for large pictures, in huge pages where the kernel gives them. A tile's rows are kilobytes apart, so that in pages
/// of 4 KiB each row of each plane costs a walk through the page tables.
/// </summary>
public static unsafe class PictureMemory
{
    private const nuint HugePage = 2 * 1024 * 1024;

    // linux/mman.h; also where the system gives huge pages only to those that ask.
    private const int MadviseHugePage = 14;

    /// <summary>At least <paramref name="bytes"/> of memory that begins on a page; its content is not defined. For <see cref="Free"/>.</summary>
    public static byte* Allocate(nuint bytes)
    {
        // Smaller ones would be mostly padding.
        if (bytes < HugePage / 2)
            return (byte*)NativeMemory.AlignedAlloc(bytes, (nuint)Environment.SystemPageSize);
        nuint whole = (bytes + HugePage - 1) & ~(HugePage - 1);
        var memory = (byte*)NativeMemory.AlignedAlloc(whole, HugePage);
        // A wish: kernels without huge pages, and systems that forbid them, refuse it.
        _ = Libc.Madvise(memory, whole, MadviseHugePage);
        return memory;
    }

    /// <summary>Frees what <see cref="Allocate"/> gave; null is nothing.</summary>
    public static void Free(byte* memory) => NativeMemory.AlignedFree(memory);
}
