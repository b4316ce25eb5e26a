using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc;

/// <summary>
/// Lays packets of one destination into the host's buffer: over UDP all of one size but for a shorter last one (what
/// UDP_SEGMENT wants), over TCP each with its RFC 4571 length in front.
/// </summary>
internal ref struct SegmentWriter(Span<byte> buffer, bool isFramed)
{
    /// <summary>The largest UDP payload that one send takes, whole.</summary>
    private const int MaxUdpBytes = 65_507;

    private const int FrameHeaderBytes = 2;

    private readonly Span<byte> _buffer = buffer[..Math.Min(buffer.Length, MaxUdpBytes)];
    private bool _ended;

    public int Length { get; private set; }

    public int SegmentBytes { get; private set; }

    public int Count { get; private set; }

    /// <summary>Whether a packet of this size may join those that stand.</summary>
    public readonly bool Takes(int size) => isFramed
        ? Length + FrameHeaderBytes + size <= _buffer.Length
        : !_ended && Count < Transmit.MaxSegments && Length + size <= _buffer.Length && (Count == 0 || size <= SegmentBytes);

    /// <summary>Where the next packet goes; all the room there is.</summary>
    public readonly Span<byte> Next => _buffer[(isFramed ? Length + FrameHeaderBytes : Length)..];

    /// <summary>Takes the packet that was written into <see cref="Next"/>.</summary>
    public void Commit(int size)
    {
        if (isFramed)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_buffer[Length..], (ushort)size);
            Length += FrameHeaderBytes + size;
            SegmentBytes = Length;
        }
        else
        {
            if (Count == 0)
                SegmentBytes = size;
            _ended = size < SegmentBytes;
            Length += size;
        }

        Count++;
    }

    public readonly Transmit ToTransmit(in TransportAddress remote) => new(remote, Length, SegmentBytes);
}
