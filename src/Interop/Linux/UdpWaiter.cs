namespace QemuZeroCopy.Interop.Linux;

/// <summary>
/// Where the network thread sleeps: until a datagram has come, another thread calls <see cref="WakeUp"/>, or
/// the time is over, to the nanosecond (ppoll, with an eventfd for the wake-up).
/// </summary>
public sealed unsafe class UdpWaiter : IDisposable
{
    private const int EventFdNonBlock = 0x800, EventFdCloexec = 0x80000;

    private int _eventFd;
    private int _signalled;

    /// <summary>Opens the eventfd.</summary>
    public UdpWaiter()
    {
        _eventFd = SocketNative.eventfd(0, EventFdNonBlock | EventFdCloexec);
        if (_eventFd < 0)
            throw SocketNative.Failure("eventfd");
    }

    /// <summary>Entries at the start of what <see cref="Wait"/> is given that it fills in itself.</summary>
    public const int OwnEntries = 2;

    /// <summary>
    /// Sleeps for at most <paramref name="timeoutNs"/> (negative: without end), or until one of
    /// <paramref name="entries"/> is ready: the first <see cref="OwnEntries"/> are left to it, the others are the
    /// caller's. Returns whether the socket has something to receive; a wake-up is taken in on the way.
    /// </summary>
    public bool Wait(UdpSocket socket, Span<PollEntry> entries, long timeoutNs)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentOutOfRangeException.ThrowIfLessThan(entries.Length, OwnEntries);
        entries[0] = new PollEntry { Fd = socket.BorrowFd, Wanted = PollEvents.Readable };
        entries[1] = new PollEntry { Fd = _eventFd, Wanted = PollEvents.Readable };
        var time = new SocketNative.TimeSpec { Seconds = timeoutNs / 1_000_000_000, Nanoseconds = timeoutNs % 1_000_000_000 };
        fixed (PollEntry* fds = entries)
        {
            if (SocketNative.ppoll(fds, (nuint)entries.Length, timeoutNs < 0 ? null : &time, null) <= 0)
            {
                // Interrupted, and the kernel has written nothing: nothing is ready.
                foreach (ref PollEntry entry in entries)
                    entry.Found = PollEvents.None;
                return false;
            }
        }

        if (entries[1].Found != PollEvents.None)
        {
            ulong count;
            _ = SocketNative.read(_eventFd, &count, sizeof(ulong));
            // A full fence: whoever saw 1 and did not write has queued its work before, and the caller looks
            // at its queues after this.
            Interlocked.Exchange(ref _signalled, 0);
        }

        return entries[0].Found != PollEvents.None;
    }

    /// <summary>Any thread: makes the current or the next <see cref="Wait"/> return. Many calls cost one system call.</summary>
    public void WakeUp()
    {
        if (Interlocked.Exchange(ref _signalled, 1) != 0)
            return;
        ulong one = 1;
        _ = SocketNative.write(_eventFd, &one, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        int fd = Interlocked.Exchange(ref _eventFd, -1);
        if (fd >= 0)
            _ = SocketNative.close(fd);
    }
}
