using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>Memory files, memfd_create(2).</summary>
public static unsafe class MemFd
{
    private const uint CloseOnExec = 1, AllowSealing = 2;

    /// <summary>
    /// A memory file of <paramref name="sizeBytes"/>. With <paramref name="sealable"/> false it can never be
    /// sealed, as one made by a program that did not think of it.
    /// </summary>
    /// <exception cref="LinuxException">Out of memory or fds.</exception>
    public static SafeFileHandle Create(string name, long sizeBytes, bool sealable = true)
    {
        byte[] text = System.Text.Encoding.UTF8.GetBytes(name + '\0');
        int fd;
        fixed (byte* start = text)
            fd = Libc.MemfdCreate(start, CloseOnExec | (sealable ? AllowSealing : 0));
        if (fd < 0)
            throw LinuxException.Last("memfd_create");
        SafeFileHandle handle = new(fd, ownsHandle: true);
        if (Libc.Ftruncate(fd, sizeBytes) == 0)
            return handle;
        LinuxException failure = LinuxException.Last("ftruncate");
        handle.Dispose();
        throw failure;
    }

    /// <summary>Changes the length; false where a seal forbids it.</summary>
    public static bool TryResize(SafeHandle handle, long sizeBytes)
    {
        using BorrowedFd fd = Fds.Borrow(handle);
        return fd.IsValid && Libc.Ftruncate(fd.Value, sizeBytes) == 0;
    }
}
