using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>A shared mapping of a file, unmapped when disposed of or finalized.</summary>
public sealed class MemoryMapping : SafeHandle
{
    private const int ProtectionRead = 1, ProtectionWrite = 2, Shared = 1;

    private MemoryMapping(nint address, long lengthBytes, bool isWritable)
        : base(-1, ownsHandle: true)
    {
        SetHandle(address);
        LengthBytes = lengthBytes;
        IsWritable = isWritable;
    }

    /// <summary>First byte; page aligned.</summary>
    public nint Address => handle;

    /// <summary>Bytes mapped.</summary>
    public long LengthBytes { get; }

    /// <summary>Whether it may be written.</summary>
    public bool IsWritable { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>
    /// Maps the first <paramref name="lengthBytes"/> of a file, writable where the fd allows that (some GPU
    /// drivers import writable memory only). Null where it cannot be mapped. The caller has checked the size.
    /// </summary>
    public static MemoryMapping? TryMap(SafeHandle file, long lengthBytes)
    {
        using BorrowedFd fd = Fds.Borrow(file);
        if (!fd.IsValid || lengthBytes <= 0)
            return null;
        nint address = Libc.Mmap(0, (nuint)lengthBytes, ProtectionRead | ProtectionWrite, Shared, fd.Value, 0);
        if (address != -1)
            return new MemoryMapping(address, lengthBytes, isWritable: true);
        address = Libc.Mmap(0, (nuint)lengthBytes, ProtectionRead, Shared, fd.Value, 0);
        return address == -1 ? null : new MemoryMapping(address, lengthBytes, isWritable: false);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Munmap(handle, (nuint)LengthBytes) == 0;
}
