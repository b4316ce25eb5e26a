using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>
/// One accepted TCP connection, non-blocking, for a stream that must not wait in the kernel: it takes little more than
/// what the path can carry now. Owned and used by one thread; allocates nothing per call.
/// </summary>
public sealed unsafe class TcpStreamSocket : IDisposable
{
    /// <summary>
    /// Bytes that may stand unsent in the kernel (TCP_NOTSENT_LOWAT, tcp(7)): a frame of 10 Mbit/s at 60 fps and half of the
    /// next. What is beyond waits with the caller, who can still think better of it.
    /// </summary>
    public const int MaxUnsentBytes = 32 * 1024;

    /// <summary>What <see cref="Send"/> and <see cref="Receive"/> give for a connection that has ended.</summary>
    public const int Ended = -1;

    private int _fd;

    internal TcpStreamSocket(int fd)
    {
        _fd = fd;
        int one = 1, unsent = MaxUnsentBytes;
        // Neither is refused by a kernel that has TCP; without them the stream only has more delay.
        _ = SocketNative.setsockopt(fd, SocketNative.IpprotoTcp, SocketNative.TcpNoDelay, &one, sizeof(int));
        _ = SocketNative.setsockopt(fd, SocketNative.IpprotoTcp, SocketNative.TcpNotSentLowWater, &unsent, sizeof(int));
    }

    /// <summary>The descriptor, borrowed: for poll.</summary>
    public int BorrowFd => _fd;

    /// <summary>Hands over what the kernel takes now: the number of bytes, 0 for none, or <see cref="Ended"/>.</summary>
    public int Send(ReadOnlySpan<byte> data)
    {
        fixed (byte* bytes = data)
            return Outcome(SocketNative.send(_fd, bytes, (nuint)data.Length, SocketNative.MsgDontWait | SocketNative.MsgNoSignal));
    }

    /// <summary>Takes what has arrived: the number of bytes, 0 for none yet, or <see cref="Ended"/>.</summary>
    public int Receive(Span<byte> destination)
    {
        if (destination.IsEmpty)
            return 0;
        fixed (byte* bytes = destination)
        {
            nint count = SocketNative.recv(_fd, bytes, (nuint)destination.Length, SocketNative.MsgDontWait);
            return count == 0 ? Ended : Outcome(count);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        int fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0)
            _ = SocketNative.close(fd);
    }

    private static int Outcome(nint count) =>
        count >= 0 ? (int)count : Marshal.GetLastPInvokeError() is SocketNative.EAgain or SocketNative.EIntr or SocketNative.ENoBufs ? 0 : Ended;
}
