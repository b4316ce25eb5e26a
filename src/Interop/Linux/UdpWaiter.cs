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
        _eventFd = UdpNative.eventfd(0, EventFdNonBlock | EventFdCloexec);
        if (_eventFd < 0)
            throw UdpNative.Failure("eventfd");
    }

    /// <summary>
    /// Sleeps for at most <paramref name="timeoutNs"/> (negative: without end). Returns whether the socket
    /// has something to receive; a wake-up is taken in on the way.
    /// </summary>
    public bool Wait(UdpSocket socket, long timeoutNs)
    {
        ArgumentNullException.ThrowIfNull(socket);
        UdpNative.PollFd* fds = stackalloc UdpNative.PollFd[2];
        fds[0] = new UdpNative.PollFd { Fd = socket.BorrowFd, Events = UdpNative.PollIn };
        fds[1] = new UdpNative.PollFd { Fd = _eventFd, Events = UdpNative.PollIn };
        var time = new UdpNative.TimeSpec { Seconds = timeoutNs / 1_000_000_000, Nanoseconds = timeoutNs % 1_000_000_000 };
        if (UdpNative.ppoll(fds, 2, timeoutNs < 0 ? null : &time, null) <= 0)
            return false;
        if (fds[1].Returned != 0)
        {
            ulong count;
            _ = UdpNative.read(_eventFd, &count, sizeof(ulong));
            // A full fence: whoever saw 1 and did not write has queued its work before, and the caller looks
            // at its queues after this.
            Interlocked.Exchange(ref _signalled, 0);
        }

        return fds[0].Returned != 0;
    }

    /// <summary>Any thread: makes the current or the next <see cref="Wait"/> return. Many calls cost one system call.</summary>
    public void WakeUp()
    {
        if (Interlocked.Exchange(ref _signalled, 1) != 0)
            return;
        ulong one = 1;
        _ = UdpNative.write(_eventFd, &one, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        int fd = Interlocked.Exchange(ref _eventFd, -1);
        if (fd >= 0)
            _ = UdpNative.close(fd);
    }
}
