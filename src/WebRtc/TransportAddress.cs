using System.Buffers.Binary;
using System.Net;

namespace QemuZeroCopy.WebRtc;

/// <summary>What carries a peer's datagrams.</summary>
public enum TransportKind : byte
{
    /// <summary>UDP: one datagram is one packet.</summary>
    Udp,

    /// <summary>TCP, with the length framing of RFC 4571 (ICE-TCP, RFC 6544).</summary>
    Tcp,
}

/// <summary>
/// Where a packet came from or goes to: a value without references, so that it can be a dictionary key on
/// the packet path. IPv4 is kept as its IPv4-mapped IPv6 address, as a dual-stack socket reports it.
/// </summary>
/// <param name="Address">The 16 bytes of the IPv6 address, in network order read as one number.</param>
/// <param name="Port">The port.</param>
/// <param name="Kind">The transport.</param>
/// <param name="ScopeId">The interface of a link-local address, else 0.</param>
public readonly record struct TransportAddress(UInt128 Address, ushort Port, TransportKind Kind = TransportKind.Udp, uint ScopeId = 0)
{
    private static readonly UInt128 s_mappedPrefix = new(0, 0x0000_FFFF_0000_0000);

    /// <summary>Whether the address is an IPv4 one.</summary>
    public bool IsIPv4 => (Address >> 32) == (s_mappedPrefix >> 32);

    /// <summary>The IPv4 address as a number; only where <see cref="IsIPv4"/>.</summary>
    public uint IPv4 => (uint)Address;

    /// <summary>An IPv4 address given as a number (192.0.2.1 is 0xC0000201).</summary>
    public static TransportAddress FromIPv4(uint address, ushort port, TransportKind kind = TransportKind.Udp) =>
        new(s_mappedPrefix | address, port, kind);

    /// <summary>The address of <paramref name="endPoint"/>. Allocates nothing.</summary>
    public static TransportAddress From(IPEndPoint endPoint, TransportKind kind = TransportKind.Udp)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        Span<byte> bytes = stackalloc byte[16];
        endPoint.Address.TryWriteBytes(bytes, out int written);
        if (written == 4)
            return FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes), (ushort)endPoint.Port, kind);
        uint scope = endPoint.Address.IsIPv6LinkLocal ? (uint)endPoint.Address.ScopeId : 0;
        return new(BinaryPrimitives.ReadUInt128BigEndian(bytes), (ushort)endPoint.Port, kind, scope);
    }

    /// <summary>
    /// Reads a Linux sockaddr_in or sockaddr_in6 (bytes as the kernel fills msg_name). False where it is neither.
    /// </summary>
    public static bool TryReadSockaddr(ReadOnlySpan<byte> sockaddr, out TransportAddress address)
    {
        address = default;
        if (sockaddr.Length < 8)
            return false;
        ushort family = BitConverter.ToUInt16(sockaddr);
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(sockaddr[2..]);
        if (family == AfInet)
        {
            address = FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(sockaddr[4..]), port);
            return true;
        }

        if (family != AfInet6 || sockaddr.Length < SockaddrIn6Bytes)
            return false;
        address = new(BinaryPrimitives.ReadUInt128BigEndian(sockaddr[8..]), port, TransportKind.Udp, BitConverter.ToUInt32(sockaddr[24..]));
        return true;
    }

    /// <summary>Writes a Linux sockaddr_in6 (28 bytes), which a dual-stack socket takes for both families.</summary>
    public int WriteSockaddrIn6(Span<byte> destination)
    {
        destination[..SockaddrIn6Bytes].Clear();
        BitConverter.TryWriteBytes(destination, AfInet6);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Port);
        BinaryPrimitives.WriteUInt128BigEndian(destination[8..], Address);
        BitConverter.TryWriteBytes(destination[24..], ScopeId);
        return SockaddrIn6Bytes;
    }

    /// <summary>Writes a Linux sockaddr_in (16 bytes); only where <see cref="IsIPv4"/>.</summary>
    public int WriteSockaddrIn(Span<byte> destination)
    {
        destination[..SockaddrInBytes].Clear();
        BitConverter.TryWriteBytes(destination, AfInet);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Port);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], IPv4);
        return SockaddrInBytes;
    }

    /// <summary>Bytes of a sockaddr_in.</summary>
    public const int SockaddrInBytes = 16;

    /// <summary>Bytes of a sockaddr_in6.</summary>
    public const int SockaddrIn6Bytes = 28;

    private const ushort AfInet = 2;
    private const ushort AfInet6 = 10;

    /// <summary>The same as the framework's type. Allocates: not for the packet path.</summary>
    public IPEndPoint ToIPEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Address);
        return new IPEndPoint(IsIPv4 ? new IPAddress(bytes[12..]) : new IPAddress(bytes, ScopeId), Port);
    }

    /// <inheritdoc/>
    public override string ToString() => Kind == TransportKind.Tcp ? $"tcp:{ToIPEndPoint()}" : ToIPEndPoint().ToString();
}
