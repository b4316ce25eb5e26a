using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>poll(2) events; the values are the kernel's (asm-generic/poll.h).</summary>
[Flags]
public enum PollEvents : short
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>POLLIN.</summary>
    Readable = 0x1,

    /// <summary>POLLOUT.</summary>
    Writable = 0x4,

    /// <summary>POLLERR, only ever reported.</summary>
    Error = 0x8,

    /// <summary>POLLHUP, only ever reported.</summary>
    HangUp = 0x10,

    /// <summary>POLLNVAL, only ever reported.</summary>
    Invalid = 0x20,
}

/// <summary>struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PollEntry
{
    /// <summary>What to watch; a negative number is skipped.</summary>
    public int Fd;

    /// <summary>What to wait for.</summary>
    public PollEvents Wanted;

    /// <summary>What there is.</summary>
    public PollEvents Found;
}

/// <summary>Waits for fds.</summary>
public static unsafe class Poller
{
    /// <summary>
    /// Waits until one of <paramref name="entries"/> is ready or <paramref name="timeoutNs"/> is over (−1 waits
    /// for ever); the number of ready entries, 0 also when a signal came in between.
    /// </summary>
    /// <exception cref="LinuxException">The arguments are impossible.</exception>
    public static int Wait(Span<PollEntry> entries, long timeoutNs)
    {
        Libc.TimeSpec timeout = new() { Seconds = timeoutNs / 1_000_000_000, Nanoseconds = timeoutNs % 1_000_000_000 };
        fixed (PollEntry* first = entries)
        {
            int ready = Libc.Ppoll(first, (nuint)entries.Length, timeoutNs < 0 ? null : &timeout, 0);
            if (ready >= 0)
                return ready;
            if (Marshal.GetLastPInvokeError() != Libc.EINTR)
                throw LinuxException.Last("ppoll");
            foreach (ref PollEntry entry in entries)
                entry.Found = PollEvents.None;
            return 0;
        }
    }
}
