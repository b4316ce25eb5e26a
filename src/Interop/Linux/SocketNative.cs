using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>What of libc the sockets need: names and layouts of x86-64 and arm64 Linux.</summary>
internal static unsafe partial class SocketNative
{
    internal const int AfInet = 2, AfInet6 = 10;
    internal const int SockStream = 1, SockDgram = 2, SockNonBlock = 0x800, SockCloexec = 0x80000;
    internal const int SolSocket = 1, SoReuseAddr = 2, SoSndBuf = 7, SoRcvBuf = 8, SoSndBufForce = 32, SoRcvBufForce = 33;
    internal const int IpprotoIpv6 = 41, Ipv6V6Only = 26;
    internal const int IpprotoTcp = 6, TcpNoDelay = 1, TcpNotSentLowWater = 25;
    internal const int SolUdp = 17, UdpSegment = 103;
    internal const int MsgDontWait = 0x40, MsgNoSignal = 0x4000, MsgTrunc = 0x20;
    internal const int EIntr = 4, EIo = 5, EAgain = 11, EInval = 22, EOpNotSupp = 95, ENoBufs = 105, EConnRefused = 111;

    /// <summary>Room for a sockaddr_in6, the larger one.</summary>
    internal const int AddressBytes = 28;

    /// <summary>The exception for a failed call; its HResult is errno.</summary>
    internal static IOException Failure(string what)
    {
        int errno = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(errno)}", errno);
    }

    /// <summary>The port that a socket is bound to.</summary>
    internal static int BoundPort(int fd)
    {
        byte* address = stackalloc byte[AddressBytes];
        uint length = AddressBytes;
        if (getsockname(fd, address, &length) < 0)
            throw Failure("getsockname");
        return address[2] << 8 | address[3];
    }

    /// <summary>Sets an option that is an int.</summary>
    internal static void Set(int fd, int level, int option, int value)
    {
        if (setsockopt(fd, level, option, &value, sizeof(int)) < 0)
            throw Failure("setsockopt");
    }

    /// <summary>A non-blocking socket that is bound; IPv6 takes IPv4 too, by mapped addresses.</summary>
    internal static int Bind(System.Net.IPEndPoint endPoint, int type, Action<int> prepare)
    {
        bool v6 = endPoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        int fd = socket(v6 ? AfInet6 : AfInet, type | SockNonBlock | SockCloexec, 0);
        if (fd < 0)
            throw Failure("socket");
        try
        {
            if (v6)
                Set(fd, IpprotoIpv6, Ipv6V6Only, 0);
            prepare(fd);
            System.Net.SocketAddress address = endPoint.Serialize();
            fixed (byte* raw = address.Buffer.Span)
            {
                if (bind(fd, raw, (uint)address.Size) < 0)
                    throw Failure("bind");
            }

            return fd;
        }
        catch
        {
            _ = close(fd);
            throw;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVec
    {
        internal byte* Base;
        internal nuint Length;
    }

    /// <summary>struct msghdr (bits/socket.h): 56 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MsgHdr
    {
        internal byte* Name;
        internal uint NameLength;
        internal IoVec* Vectors;
        internal nuint VectorCount;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    /// <summary>struct mmsghdr: 64 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MMsgHdr
    {
        internal MsgHdr Header;
        internal uint Length;
    }

    /// <summary>A cmsghdr with one UDP_SEGMENT value, padded as CMSG_SPACE(2) is: 24 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 24)]
    internal struct ControlSegment(int segmentBytes)
    {
        internal nuint Length = 18;
        internal int Level = SolUdp;
        internal int Type = UdpSegment;
        internal ushort SegmentBytes = (ushort)segmentBytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(int fd, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockname(int fd, byte* address, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(int fd, int level, int option, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendmsg(int fd, MsgHdr* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int recvmmsg(int fd, MMsgHdr* messages, uint count, int flags, TimeSpec* timeout);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int listen(int fd, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int accept4(int fd, byte* address, uint* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint send(int fd, void* data, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recv(int fd, void* data, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ppoll(PollEntry* fds, nuint count, TimeSpec* timeout, void* signalMask);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);
}
