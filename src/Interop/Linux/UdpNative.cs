using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>What of libc the UDP socket needs: names and layouts of x86-64 and arm64 Linux.</summary>
internal static unsafe partial class UdpNative
{
    internal const int AfInet = 2, AfInet6 = 10;
    internal const int SockDgram = 2, SockNonBlock = 0x800, SockCloexec = 0x80000;
    internal const int SolSocket = 1, SoSndBuf = 7, SoRcvBuf = 8, SoSndBufForce = 32, SoRcvBufForce = 33;
    internal const int IpprotoIpv6 = 41, Ipv6V6Only = 26;
    internal const int SolUdp = 17, UdpSegment = 103;
    internal const int MsgDontWait = 0x40, MsgNoSignal = 0x4000, MsgTrunc = 0x20;
    internal const int EIntr = 4, EIo = 5, EAgain = 11, EInval = 22, EOpNotSupp = 95, ENoBufs = 105, EConnRefused = 111;
    internal const short PollIn = 1;

    /// <summary>The exception for a failed call; its HResult is errno.</summary>
    internal static IOException Failure(string what)
    {
        int errno = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(errno)}", errno);
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
    internal struct PollFd
    {
        internal int Fd;
        internal short Events;
        internal short Returned;
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
    internal static partial int ppoll(PollFd* fds, nuint count, TimeSpec* timeout, void* signalMask);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);
}
