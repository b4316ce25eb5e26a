using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc.Ice;

/// <summary>
/// Cuts the byte stream of one TCP connection into packets (RFC 4571, as RFC 6544 uses it). The host reads into
/// <see cref="Space"/>, calls <see cref="Advance"/>, and takes packets until there is none.
/// </summary>
public sealed class StreamDeframer
{
    /// <summary>Longer packets end the connection: nothing that a browser sends over ICE-TCP comes near.</summary>
    public const int MaxPacketBytes = 2048;

    private const int HeaderBytes = 2;

    /// <summary>Two of the largest packets, so that one can be taken while the next arrives.</summary>
    private readonly byte[] _buffer = new byte[2 * (HeaderBytes + MaxPacketBytes)];
    private int _start;
    private int _end;

    /// <summary>Whether the stream has left the framing: close the connection.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Where to read into; never empty as long as packets are taken to the end.</summary>
    public Memory<byte> Space
    {
        get
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            return _buffer.AsMemory(_end);
        }
    }

    /// <summary>Says that <paramref name="bytes"/> were read into <see cref="Space"/>.</summary>
    public void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _buffer.Length - _end);
        _end += bytes;
    }

    /// <summary>The next whole packet, to be used before the next call; false where more has to be read.</summary>
    public bool TryRead(out Span<byte> packet)
    {
        packet = default;
        while (!IsMalformed && _end - _start >= HeaderBytes)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(_start));
            if (length > MaxPacketBytes)
            {
                IsMalformed = true;
                return false;
            }

            if (_end - _start - HeaderBytes < length)
                return false;
            packet = _buffer.AsSpan(_start + HeaderBytes, length);
            _start += HeaderBytes + length;
            // A packet of no bytes is a keep-alive (RFC 4571 section 2).
            if (length > 0)
                return true;
        }

        return false;
    }
}
