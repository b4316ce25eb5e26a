using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>An eventfd(2): wakes a thread that polls. Signalling is safe from any thread and allocates nothing.</summary>
public sealed unsafe class EventFd : IDisposable
{
    private const int NonBlocking = 0x800, CloseOnExec = 0x80000;

    /// <summary>A new one, not signalled.</summary>
    /// <exception cref="LinuxException">The process has too many open files.</exception>
    public EventFd()
    {
        int fd = Libc.Eventfd(0, NonBlocking | CloseOnExec);
        if (fd < 0)
            throw LinuxException.Last("eventfd");
        Handle = new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>To be polled for <see cref="PollEvents.Readable"/>; owned by this object.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Makes it readable. Does nothing once disposed of.</summary>
    public void Signal()
    {
        using BorrowedFd fd = Fds.Borrow(Handle);
        ulong one = 1;
        if (fd.IsValid)
            _ = Libc.Write(fd.Value, &one, sizeof(ulong));
    }

    /// <summary>Makes it unreadable again; whatever was signalled before has been seen.</summary>
    public void Drain()
    {
        using BorrowedFd fd = Fds.Borrow(Handle);
        ulong count;
        if (fd.IsValid)
            _ = Libc.Read(fd.Value, &count, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}
