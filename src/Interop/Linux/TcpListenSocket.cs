using System.Net;
using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>What came of <see cref="TcpListenSocket.Accept"/>.</summary>
public enum AcceptOutcome
{
    /// <summary>There is a connection.</summary>
    Accepted,

    /// <summary>None waits.</summary>
    None,

    /// <summary>The process or the system has no room for one: try again later, for the socket stays readable.</summary>
    OutOfResources,
}

/// <summary>A non-blocking TCP socket that listens. Owned and used by one thread.</summary>
public sealed unsafe class TcpListenSocket : IDisposable
{
    /// <summary>Connections that wait to be accepted: more come at once only in a flood.</summary>
    private const int Backlog = 64;

    private int _fd;

    private TcpListenSocket(int fd, int port) => (_fd, LocalPort) = (fd, port);

    /// <summary>The port that it listens on.</summary>
    public int LocalPort { get; }

    /// <summary>The descriptor, borrowed: for poll.</summary>
    public int BorrowFd => _fd;

    /// <summary>Listens on <paramref name="endPoint"/>; port 0 takes any, and an IPv6 wildcard takes IPv4 too.</summary>
    /// <exception cref="IOException">errno is in <see cref="Exception.HResult"/>: EADDRINUSE, EADDRNOTAVAIL, EACCES.</exception>
    public static TcpListenSocket Listen(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        int fd = SocketNative.Bind(endPoint, SocketNative.SockStream, static fd => SocketNative.Set(fd, SocketNative.SolSocket, SocketNative.SoReuseAddr, 1));
        if (SocketNative.listen(fd, Backlog) == 0)
            return new TcpListenSocket(fd, SocketNative.BoundPort(fd));
        IOException failure = SocketNative.Failure("listen");
        _ = SocketNative.close(fd);
        throw failure;
    }

    /// <summary>Takes a connection that waits; the peer's sockaddr stands at the start of <paramref name="address"/> (28 bytes).</summary>
    public AcceptOutcome Accept(Span<byte> address, out TcpStreamSocket? connection)
    {
        const int eNetDown = 100, eConnAborted = 103, eNoMem = 12, eNFile = 23, eMFile = 24;
        ArgumentOutOfRangeException.ThrowIfLessThan(address.Length, SocketNative.AddressBytes);
        connection = null;
        fixed (byte* raw = address)
        {
            while (true)
            {
                uint length = SocketNative.AddressBytes;
                int fd = SocketNative.accept4(_fd, raw, &length, SocketNative.SockNonBlock | SocketNative.SockCloexec);
                if (fd >= 0)
                {
                    connection = new TcpStreamSocket(fd);
                    return AcceptOutcome.Accepted;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case SocketNative.EIntr or eConnAborted or eNetDown:
                        continue;
                    case eNFile or eMFile or eNoMem or SocketNative.ENoBufs:
                        return AcceptOutcome.OutOfResources;
                    default:
                        return AcceptOutcome.None;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        int fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0)
            _ = SocketNative.close(fd);
    }
}
