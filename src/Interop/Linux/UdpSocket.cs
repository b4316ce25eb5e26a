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
        bool v6 = endPoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        int fd = UdpNative.socket(v6 ? UdpNative.AfInet6 : UdpNative.AfInet, UdpNative.SockDgram | UdpNative.SockNonBlock | UdpNative.SockCloexec, 0);
        if (fd < 0)
            throw UdpNative.Failure("socket");
        try
        {
            if (v6)
                Set(fd, UdpNative.IpprotoIpv6, UdpNative.Ipv6V6Only, 0);
            SetBuffer(fd, UdpNative.SoRcvBuf, UdpNative.SoRcvBufForce);
            SetBuffer(fd, UdpNative.SoSndBuf, UdpNative.SoSndBufForce);
            SocketAddress address = endPoint.Serialize();
            fixed (byte* raw = address.Buffer.Span)
            {
                if (UdpNative.bind(fd, raw, (uint)address.Size) < 0)
                    throw UdpNative.Failure("bind");
            }

            return new UdpSocket(fd, v6, BoundPort(fd));
        }
        catch
        {
            _ = UdpNative.close(fd);
            throw;
        }
    }

    /// <summary>Takes what has arrived, up to the batch's size. 0: nothing.</summary>
    public int Receive(UdpReceiveBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int count = UdpNative.recvmmsg(_fd, batch.Prepare(), UdpReceiveBatch.Capacity, UdpNative.MsgDontWait, null);
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
            _ = UdpNative.close(fd);
    }

    /// <summary>Null where the kernel cannot cut it into segments.</summary>
    private UdpSendOutcome? SendOne(ReadOnlySpan<byte> data, int segmentBytes, ReadOnlySpan<byte> sockaddr)
    {
        UdpNative.ControlSegment control = new(segmentBytes);
        fixed (byte* payload = data)
        fixed (byte* name = sockaddr)
        {
            UdpNative.IoVec vector = new() { Base = payload, Length = (nuint)data.Length };
            UdpNative.MsgHdr message = new()
            {
                Name = name,
                NameLength = (uint)sockaddr.Length,
                Vectors = &vector,
                VectorCount = 1,
                Control = segmentBytes > 0 ? &control : null,
                ControlLength = segmentBytes > 0 ? (nuint)sizeof(UdpNative.ControlSegment) : 0,
            };
            for (int attempt = 0; ; attempt++)
            {
                if (UdpNative.sendmsg(_fd, &message, UdpNative.MsgDontWait | UdpNative.MsgNoSignal) >= 0)
                    return UdpSendOutcome.Sent;
                switch (Marshal.GetLastPInvokeError())
                {
                    case UdpNative.EAgain or UdpNative.ENoBufs:
                        return UdpSendOutcome.Full;
                    case UdpNative.EIo or UdpNative.EInval or UdpNative.EOpNotSupp when segmentBytes > 0:
                        return null;
                    // A pending ICMP error of an earlier send is reported once, in place of this one.
                    case UdpNative.EConnRefused or UdpNative.EIntr when attempt < 3:
                        continue;
                    default:
                        return UdpSendOutcome.Unreachable;
                }
            }
        }
    }

    private static void Set(int fd, int level, int option, int value)
    {
        if (UdpNative.setsockopt(fd, level, option, &value, sizeof(int)) < 0)
            throw UdpNative.Failure("setsockopt");
    }

    private static void SetBuffer(int fd, int option, int forceOption)
    {
        int bytes = BufferBytes;
        if (UdpNative.setsockopt(fd, UdpNative.SolSocket, forceOption, &bytes, sizeof(int)) < 0)
            _ = UdpNative.setsockopt(fd, UdpNative.SolSocket, option, &bytes, sizeof(int));
    }

    private static int BoundPort(int fd)
    {
        byte* address = stackalloc byte[UdpReceiveBatch.AddressBytes];
        uint length = UdpReceiveBatch.AddressBytes;
        if (UdpNative.getsockname(fd, address, &length) < 0)
            throw UdpNative.Failure("getsockname");
        return address[2] << 8 | address[3];
    }
}
