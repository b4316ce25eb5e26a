using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>What the kernel offers on a dma-buf's fd (include/uapi/linux/dma-buf.h).</summary>
public static unsafe partial class DmaBuf
{
    private const ulong ExportSyncFile = 0xc008_6202; // _IOWR('b', 2, struct dma_buf_export_sync_file), kernel 6.0
    private const ulong Sync = 0x4008_6200; // _IOW('b', 0, struct dma_buf_sync)
    private const uint SyncRead = 1;
    private const ulong SyncEnd = 4;
    private const int DupCloexec = 1030;
    private const short PollIn = 1;
    private const int SeekSet = 0;
    private const int SeekEnd = 2;

    /// <summary>Size of the buffer in bytes; -1 where the fd is closed or no memory object (a pipe, a socket).</summary>
    public static long SizeOf(SafeFileHandle fd)
    {
        using var held = new Held(fd);
        var size = held.Fd < 0 ? -1 : lseek(held.Fd, 0, SeekEnd);
        _ = size >= 0 ? lseek(held.Fd, 0, SeekSet) : 0;
        return size;
    }

    /// <summary>
    /// A sync_file that signals when everybody who writes the buffer is done, to be taken over by the caller;
    /// -1 where the kernel or the object has none.
    /// </summary>
    public static int ExportReadFence(SafeFileHandle fd)
    {
        using var held = new Held(fd);
        var argument = stackalloc int[2] { (int)SyncRead, -1 };
        return held.Fd >= 0 && ioctl(held.Fd, ExportSyncFile, argument) == 0 ? argument[1] : -1;
    }

    /// <summary>
    /// Waits on the CPU until the buffer's writers are done; false when that takes longer than
    /// <paramref name="timeoutMs"/>. A memfd has no fences and never waits.
    /// </summary>
    public static bool WaitForWriters(SafeFileHandle fd, int timeoutMs)
    {
        using var held = new Held(fd);
        var poll = new PollFd { Fd = held.Fd, Events = PollIn };
        return held.Fd < 0 || DmaBuf.poll(&poll, 1, timeoutMs) != 0;
    }

    /// <summary>The CPU reads the mapped buffer from now on: caches are made coherent. Nothing to do for a memfd.</summary>
    public static void BeginCpuRead(SafeFileHandle fd) => Synchronize(fd, SyncRead);

    /// <summary>The CPU has read it.</summary>
    public static void EndCpuRead(SafeFileHandle fd) => Synchronize(fd, SyncRead | SyncEnd);

    private static void Synchronize(SafeFileHandle fd, ulong flags)
    {
        const int Tries = 8; // a signal may end the call early
        using var held = new Held(fd);
        for (int i = 0; i < Tries && held.Fd >= 0 && ioctl(held.Fd, Sync, &flags) != 0 && Marshal.GetLastSystemError() is Libc.EINTR or Libc.EAGAIN; i++)
        {
        }
    }

    /// <summary>A duplicate with CLOEXEC for an API that takes the fd over; -1 where the fd is closed or fds have run out.</summary>
    internal static int Dup(SafeFileHandle fd)
    {
        using var held = new Held(fd);
        return held.Fd < 0 ? -1 : fcntl(held.Fd, DupCloexec, 0);
    }

    /// <summary>Closes an fd that nobody took over.</summary>
    public static void Close(int fd) => _ = close(fd);

    [LibraryImport("libc")]
    private static partial long lseek(int fd, long offset, int whence);

    [LibraryImport("libc")]
    private static partial int ioctl(int fd, ulong request, void* argument);

    [LibraryImport("libc")]
    private static partial int fcntl(int fd, int command, int argument);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    [LibraryImport("libc")]
    private static partial int poll(PollFd* fds, ulong count, int timeoutMs);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int Fd;
        public short Events;
        public short Revents;
    }

    /// <summary>Keeps the fd open for the length of a call, even if its owner closes it meanwhile.</summary>
    private ref struct Held
    {
        private readonly SafeFileHandle _handle;
        private bool _added;

        public Held(SafeFileHandle handle)
        {
            _handle = handle;
            Fd = -1;
            try
            {
                handle.DangerousAddRef(ref _added);
                Fd = (int)handle.DangerousGetHandle();
            }
            catch (ObjectDisposedException)
            {
                // A closed fd is an outcome here: Fd stays -1.
            }
        }

        public int Fd { get; }

        public void Dispose()
        {
            if (_added)
            {
                _added = false;
                _handle.DangerousRelease();
            }
        }
    }
}
