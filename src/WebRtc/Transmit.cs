namespace QemuZeroCopy.WebRtc;

/// <summary>
/// What the host shall send now, standing in the buffer that it gave. Over UDP: one or more datagrams of
/// <see cref="SegmentBytes"/> each, the last one perhaps shorter, as sendmsg with UDP_SEGMENT takes them.
/// Over TCP: stream bytes that carry their RFC 4571 framing already.
/// </summary>
/// <param name="Remote">The destination.</param>
/// <param name="LengthBytes">Bytes in the buffer.</param>
/// <param name="SegmentBytes">Bytes of each datagram but the last; equal to <paramref name="LengthBytes"/> for a single one.</param>
public readonly record struct Transmit(TransportAddress Remote, int LengthBytes, int SegmentBytes)
{
    /// <summary>Datagrams in the buffer.</summary>
    public int SegmentCount => SegmentBytes == 0 ? 0 : (LengthBytes + SegmentBytes - 1) / SegmentBytes;

    /// <summary>The kernel's bound on segments in one send (UDP_MAX_SEGMENTS of Linux before 6.9).</summary>
    public const int MaxSegments = 64;

    /// <summary>A buffer of this size takes whatever one poll may give.</summary>
    public const int BufferBytes = 65536;
}
