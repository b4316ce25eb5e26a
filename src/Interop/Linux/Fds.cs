using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>An fd number held open for the length of a scope. Allocates nothing.</summary>
public readonly ref struct BorrowedFd
{
    private readonly SafeHandle? _owner;

    internal BorrowedFd(SafeHandle? owner)
    {
        _owner = owner;
        Value = owner is null ? -1 : (int)owner.DangerousGetHandle();
    }

    /// <summary>The number, −1 when its owner was closed already.</summary>
    public int Value { get; }

    /// <summary>Whether the owner was still open.</summary>
    public bool IsValid => Value >= 0;

    /// <summary>Lets the owner close it again.</summary>
    public void Dispose() => _owner?.DangerousRelease();
}

/// <summary>Facts about an open file.</summary>
/// <param name="Inode">Inode number: the identity of a memfd or DMA-BUF within its file system.</param>
/// <param name="SizeBytes">Length; a DMA-BUF reports 0 on old kernels.</param>
/// <param name="IsRegular">Whether it is a regular file, which a memfd is.</param>
public readonly record struct FileFacts(ulong Inode, long SizeBytes, bool IsRegular);

/// <summary>Small things one does to file descriptors.</summary>
public static unsafe class Fds
{
    private const int GetFd = 1, DupFdCloseOnExec = 1030, AddSealsCommand = 1033, GetSealsCommand = 1034;

    /// <summary>F_SEAL_SHRINK: nobody can make the file shorter, so a mapping of it never faults.</summary>
    public const int SealShrink = 2;

    /// <summary>F_SEAL_GROW.</summary>
    public const int SealGrow = 4;

    /// <summary>F_SEAL_SEAL: no further seals.</summary>
    public const int SealSeal = 1;

    /// <summary>Holds <paramref name="handle"/> open for a scope; the result is invalid when it is closed already.</summary>
    public static BorrowedFd Borrow(SafeHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        bool held = false;
        try
        {
            handle.DangerousAddRef(ref held);
        }
        catch (ObjectDisposedException)
        {
        }

        return new BorrowedFd(held ? handle : null);
    }

    /// <summary>A duplicate with CLOEXEC set, or null when the fd is not open or the process has too many.</summary>
    public static SafeFileHandle? TryDuplicate(int fd)
    {
        int copy = fd < 0 ? -1 : Libc.Fcntl(fd, DupFdCloseOnExec, 3);
        return copy < 0 ? null : new SafeFileHandle(copy, ownsHandle: true);
    }

    /// <summary>A duplicate with CLOEXEC set, or null when the handle is closed or the process has too many fds.</summary>
    public static SafeFileHandle? TryDuplicate(SafeHandle handle)
    {
        using BorrowedFd fd = Borrow(handle);
        return TryDuplicate(fd.Value);
    }

    /// <summary>Inode, length and kind; false when the fd is not open.</summary>
    public static bool TryStat(SafeHandle handle, out FileFacts facts)
    {
        // struct statx has one layout on all architectures (linux/stat.h): mode at 28, inode at 32, size at 40.
        const int EmptyPath = 0x1000, ModeOffset = 28, InodeOffset = 32, SizeOffset = 40, StatxBytes = 256;
        const uint TypeInodeSize = 0x1 | 0x100 | 0x200;
        using BorrowedFd fd = Borrow(handle);
        byte* result = stackalloc byte[StatxBytes];
        byte empty = 0;
        if (!fd.IsValid || Libc.Statx(fd.Value, &empty, EmptyPath, TypeInodeSize, result) != 0)
        {
            facts = default;
            return false;
        }

        int kind = *(ushort*)(result + ModeOffset) & 0xf000;
        facts = new FileFacts(*(ulong*)(result + InodeOffset), *(long*)(result + SizeOffset), kind == 0x8000);
        return true;
    }

    /// <summary>Makes sure that nobody can shorten the file; false where it is no memfd or refuses further seals.</summary>
    public static bool TrySealAgainstShrinking(SafeHandle handle)
    {
        using BorrowedFd fd = Borrow(handle);
        if (!fd.IsValid)
            return false;
        int seals = Libc.Fcntl(fd.Value, GetSealsCommand, 0);
        return seals >= 0 && ((seals & SealShrink) != 0 || Libc.Fcntl(fd.Value, AddSealsCommand, SealShrink) == 0);
    }

    /// <summary>Whether it is a memory file (memfd, or a file on tmpfs): only those have seals.</summary>
    public static bool IsMemoryFile(SafeHandle handle)
    {
        using BorrowedFd fd = Borrow(handle);
        return fd.IsValid && Libc.Fcntl(fd.Value, GetSealsCommand, 0) >= 0;
    }

    /// <summary>Adds seals to a memfd; false where it refuses.</summary>
    public static bool TryAddSeals(SafeHandle handle, int seals)
    {
        using BorrowedFd fd = Borrow(handle);
        return fd.IsValid && Libc.Fcntl(fd.Value, AddSealsCommand, seals) == 0;
    }

    /// <summary>Reads at an offset; the number of bytes, fewer at the end of the file, −1 on an error.</summary>
    public static long ReadAt(SafeHandle handle, Span<byte> destination, long offset)
    {
        using BorrowedFd fd = Borrow(handle);
        if (!fd.IsValid)
            return -1;
        fixed (byte* start = destination)
            return Libc.Pread(fd.Value, start, (nuint)destination.Length, offset);
    }

    /// <summary>Whether the number names an open fd.</summary>
    public static bool IsOpen(int fd) => fd >= 0 && Libc.Fcntl(fd, GetFd, 0) >= 0;
}
