using System.Net;
using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>What became of a send.</summary>
public enum UdpSendOutcome
{
    /// <summary>The kernel has it.</summary>
    Sent,

    /// <summary>The socket's send buffer is full; the datagrams are dropped, as a full link would.</summary>
    Full,

    /// <summary>The destination cannot be reached (or a firewall says so); others may.</summary>
    Unreachable,
}

/// <summary>
/// A non-blocking UDP socket that sends a run of equal datagrams in one call (UDP_SEGMENT, linux/udp.h) and
/// receives in batches (recvmmsg). Owned and used by one thread; addresses are raw sockaddrs of the family
/// that <see cref="IsIPv6"/> tells. Allocates nothing per call.
/// </summary>
public sealed unsafe class UdpSocket : IDisposable
{
    /// <summary>
    /// A 4K key frame of 1.5 MB may leave in one go. The kernel caps it at net.core.wmem_max unless we may
    /// force it (CAP_NET_ADMIN); twice that is what it reports back.
    /// </summary>
    private const int BufferBytes = 2 * 1024 * 1024;

    private int _fd;
    private bool _segments = true;

    private UdpSocket(int fd, bool isIPv6, int port)
    {
        _fd = fd;
        IsIPv6 = isIPv6;
        LocalPort = port;
    }

    /// <summary>Whether addresses are sockaddr_in6 (both families, IPv4 mapped) or sockaddr_in.</summary>
    public bool IsIPv6 { get; }

    /// <summary>The port that it is bound to.</summary>
    public int LocalPort { get; }

    /// <summary>The descriptor, borrowed: for poll.</summary>
    public int BorrowFd => _fd;

    /// <summary>Binds to <paramref name="endPoint"/>; port 0 takes any, and an IPv6 wildcard takes IPv4 too.</summary>
    /// <exception cref="IOException">errno is in <see cref="Exception.HResult"/>: EADDRINUSE, EADDRNOTAVAIL, EACCES.</exception>
    public static UdpSocket Bind(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        int fd = SocketNative.Bind(endPoint, SocketNative.SockDgram, static fd =>
        {
            SetBuffer(fd, SocketNative.SoRcvBuf, SocketNative.SoRcvBufForce);
            SetBuffer(fd, SocketNative.SoSndBuf, SocketNative.SoSndBufForce);
        });
        return new UdpSocket(fd, endPoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6, SocketNative.BoundPort(fd));
    }

    /// <summary>Takes what has arrived, up to the batch's size. 0: nothing.</summary>
    public int Receive(UdpReceiveBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int count = SocketNative.recvmmsg(_fd, batch.Prepare(), UdpReceiveBatch.Capacity, SocketNative.MsgDontWait, null);
        // Errors here are ICMP answers to what we sent, or EAGAIN: nothing to take either way.
        return batch.Count = Math.Max(0, count);
    }

    /// <summary>
    /// Sends <paramref name="data"/> as datagrams of <paramref name="segmentBytes"/>, the last perhaps shorter,
    /// to <paramref name="sockaddr"/>. At most 64 datagrams and 65507 bytes.
    /// </summary>
    public UdpSendOutcome Send(ReadOnlySpan<byte> data, int segmentBytes, ReadOnlySpan<byte> sockaddr)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(segmentBytes);
        if (data.Length <= segmentBytes)
            return SendOne(data, 0, sockaddr) ?? UdpSendOutcome.Unreachable;
        if (_segments)
        {
            if (SendOne(data, segmentBytes, sockaddr) is { } outcome)
                return outcome;
            // EIO: an interface without checksum offload; EINVAL: an old kernel, or segments above its MTU.
            _segments = false;
        }

        while (!data.IsEmpty)
        {
            int length = Math.Min(segmentBytes, data.Length);
            UdpSendOutcome outcome = SendOne(data[..length], 0, sockaddr) ?? UdpSendOutcome.Unreachable;
            if (outcome != UdpSendOutcome.Sent)
                return outcome;
            data = data[length..];
        }

        return UdpSendOutcome.Sent;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        int fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0)
            _ = SocketNative.close(fd);
    }

    /// <summary>Null where the kernel cannot cut it into segments.</summary>
    private UdpSendOutcome? SendOne(ReadOnlySpan<byte> data, int segmentBytes, ReadOnlySpan<byte> sockaddr)
    {
        SocketNative.ControlSegment control = new(segmentBytes);
        fixed (byte* payload = data)
        fixed (byte* name = sockaddr)
        {
            SocketNative.IoVec vector = new() { Base = payload, Length = (nuint)data.Length };
            SocketNative.MsgHdr message = new()
            {
                Name = name,
                NameLength = (uint)sockaddr.Length,
                Vectors = &vector,
                VectorCount = 1,
                Control = segmentBytes > 0 ? &control : null,
                ControlLength = segmentBytes > 0 ? (nuint)sizeof(SocketNative.ControlSegment) : 0,
            };
            for (int attempt = 0; ; attempt++)
            {
                if (SocketNative.sendmsg(_fd, &message, SocketNative.MsgDontWait | SocketNative.MsgNoSignal) >= 0)
                    return UdpSendOutcome.Sent;
                switch (Marshal.GetLastPInvokeError())
                {
                    case SocketNative.EAgain or SocketNative.ENoBufs:
                        return UdpSendOutcome.Full;
                    case SocketNative.EIo or SocketNative.EInval or SocketNative.EOpNotSupp when segmentBytes > 0:
                        return null;
                    // A pending ICMP error of an earlier send is reported once, in place of this one.
                    case SocketNative.EConnRefused or SocketNative.EIntr when attempt < 3:
                        continue;
                    default:
                        return UdpSendOutcome.Unreachable;
                }
            }
        }
    }

    private static void SetBuffer(int fd, int option, int forceOption)
    {
        int bytes = BufferBytes;
        if (SocketNative.setsockopt(fd, SocketNative.SolSocket, forceOption, &bytes, sizeof(int)) < 0)
            _ = SocketNative.setsockopt(fd, SocketNative.SolSocket, option, &bytes, sizeof(int));
    }
}
