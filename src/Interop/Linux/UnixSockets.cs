using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>Connected UNIX sockets, and fds sent over them.</summary>
public static unsafe class UnixSockets
{
    private const int Unix = 1, Stream = 1, CloseOnExec = 0x80000;
    private const int SolSocket = 1, ScmRights = 1, NoSignal = 0x4000, ControlCloseOnExec = 0x40000000;
    private const int ControlHeaderBytes = 16;

    /// <summary>Two connected stream sockets, blocking, CLOEXEC; the caller owns both.</summary>
    /// <exception cref="LinuxException">The process has too many open files.</exception>
    public static (SafeFileHandle Left, SafeFileHandle Right) CreatePair()
    {
        int* fds = stackalloc int[2];
        if (Libc.Socketpair(Unix, Stream | CloseOnExec, 0, fds) != 0)
            throw LinuxException.Last("socketpair");
        return (new SafeFileHandle(fds[0], ownsHandle: true), new SafeFileHandle(fds[1], ownsHandle: true));
    }

    /// <summary>
    /// Sends all of <paramref name="data"/>, the fd with its first byte (SCM_RIGHTS). Waits while the socket is
    /// full. The receiver gets a duplicate; the caller keeps its own.
    /// </summary>
    /// <exception cref="LinuxException">The peer is gone.</exception>
    public static void SendWithFd(SafeHandle socket, ReadOnlySpan<byte> data, SafeHandle fdToSend)
    {
        ArgumentOutOfRangeException.ThrowIfZero(data.Length);
        using BorrowedFd socketFd = Fds.Borrow(socket), passed = Fds.Borrow(fdToSend);
        if (!socketFd.IsValid || !passed.IsValid)
            throw new LinuxException("sendmsg", 9);
        byte* control = stackalloc byte[ControlHeaderBytes + sizeof(long)];
        *(nuint*)control = ControlHeaderBytes + sizeof(int);
        *(int*)(control + 8) = SolSocket;
        *(int*)(control + 12) = ScmRights;
        *(int*)(control + ControlHeaderBytes) = passed.Value;
        int sent = 0;
        fixed (byte* start = data)
        {
            while (sent < data.Length)
            {
                Libc.IoVector vector = new() { Base = start + sent, Length = (nuint)(data.Length - sent) };
                Libc.MessageHeader message = new() { Vectors = &vector, VectorCount = 1 };
                if (sent == 0)
                {
                    message.Control = control;
                    message.ControlLength = ControlHeaderBytes + sizeof(long);
                }

                nint count = Libc.Sendmsg(socketFd.Value, &message, NoSignal);
                if (count >= 0)
                    sent += (int)count;
                else if (!RetryAfterWaiting(socketFd.Value, PollEvents.Writable))
                    throw LinuxException.Last("sendmsg");
            }
        }
    }

    /// <summary>
    /// Receives some bytes and at most one fd with them, which the caller then owns (null when none came).
    /// Waits for data; 0 bytes when the peer has closed.
    /// </summary>
    /// <exception cref="LinuxException">The socket is broken.</exception>
    public static int ReceiveWithFd(SafeHandle socket, Span<byte> buffer, out SafeFileHandle? received)
    {
        using BorrowedFd socketFd = Fds.Borrow(socket);
        received = null;
        if (!socketFd.IsValid)
            return 0;
        byte* control = stackalloc byte[ControlHeaderBytes + sizeof(long)];
        fixed (byte* start = buffer)
        {
            while (true)
            {
                Libc.IoVector vector = new() { Base = start, Length = (nuint)buffer.Length };
                Libc.MessageHeader message = new()
                {
                    Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlHeaderBytes + sizeof(int),
                };
                nint count = Libc.Recvmsg(socketFd.Value, &message, ControlCloseOnExec);
                if (count < 0)
                {
                    if (!RetryAfterWaiting(socketFd.Value, PollEvents.Readable))
                        throw LinuxException.Last("recvmsg");
                    continue;
                }

                if (message.ControlLength >= ControlHeaderBytes + sizeof(int)
                    && *(int*)(control + 8) == SolSocket && *(int*)(control + 12) == ScmRights)
                    received = new SafeFileHandle(*(int*)(control + ControlHeaderBytes), ownsHandle: true);
                return (int)count;
            }
        }
    }

    private static bool RetryAfterWaiting(int fd, PollEvents events)
    {
        int errno = Marshal.GetLastPInvokeError();
        if (errno == Libc.EINTR)
            return true;
        if (errno != Libc.EAGAIN)
            return false;
        PollEntry entry = new() { Fd = fd, Wanted = events };
        Poller.Wait(new Span<PollEntry>(ref entry), -1);
        return true;
    }
}
