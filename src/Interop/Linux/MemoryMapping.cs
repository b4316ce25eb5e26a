using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>
/// A shared mapping of a file, unmapped when disposed of or finalized. Whoever has the file open may shorten it at any
/// time: what is read behind its end then is zeros, instead of the end of the process, and <see cref="IsTorn"/> says so.
/// </summary>
public sealed partial class MemoryMapping : SafeHandle
{
    private const int ProtectionRead = 1, ProtectionWrite = 2, Shared = 1;
    private readonly int _guard;

    private MemoryMapping(nint address, long lengthBytes, bool isWritable, int guard)
        : base(-1, ownsHandle: true)
    {
        SetHandle(address);
        LengthBytes = lengthBytes;
        IsWritable = isWritable;
        _guard = guard;
    }

    /// <summary>First byte; page aligned.</summary>
    public nint Address => handle;

    /// <summary>Bytes mapped.</summary>
    public long LengthBytes { get; }

    /// <summary>Whether it may be written.</summary>
    public bool IsWritable { get; }

    /// <summary>Whether the file became shorter than this mapping and that was read. It stays so.</summary>
    public bool IsTorn => qzc_guard_is_torn(_guard) != 0;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>
    /// Maps the first <paramref name="lengthBytes"/> of a file, writable where the fd allows that (some GPU
    /// drivers import writable memory only). Null where it cannot be mapped, or where more files are mapped than can
    /// be watched over. The caller has checked the size.
    /// </summary>
    public static MemoryMapping? TryMap(SafeHandle file, long lengthBytes)
    {
        using BorrowedFd fd = Fds.Borrow(file);
        if (!fd.IsValid || lengthBytes <= 0)
            return null;
        nint address = Libc.Mmap(0, (nuint)lengthBytes, ProtectionRead | ProtectionWrite, Shared, fd.Value, 0);
        bool isWritable = address != -1;
        if (!isWritable)
            address = Libc.Mmap(0, (nuint)lengthBytes, ProtectionRead, Shared, fd.Value, 0);
        if (address == -1)
            return null;
        nint page = Environment.SystemPageSize;
        int guard = qzc_guard_add(address, ((nint)lengthBytes + page - 1) & -page);
        if (guard >= 0)
            return new MemoryMapping(address, lengthBytes, isWritable, guard);
        _ = Libc.Munmap(address, (nuint)lengthBytes);
        return null;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        qzc_guard_remove(_guard);
        return Libc.Munmap(handle, (nuint)LengthBytes) == 0;
    }

    [LibraryImport("qzcnative")]
    private static partial int qzc_guard_add(nint address, nint length);

    [LibraryImport("qzcnative")]
    private static partial int qzc_guard_is_torn(int slot);

    [LibraryImport("qzcnative")]
    private static partial void qzc_guard_remove(int slot);
}
