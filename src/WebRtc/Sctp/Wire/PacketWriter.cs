using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc.Sctp.Wire;

/// <summary>Builds one packet: common header, then chunks; <see cref="Finish"/> puts the checksum in.</summary>
internal ref struct PacketWriter
{
    public const int HeaderBytes = 12;

    private readonly Span<byte> _buffer;

    public PacketWriter(Span<byte> buffer, ushort localPort, ushort remotePort)
    {
        _buffer = buffer;
        BinaryPrimitives.WriteUInt16BigEndian(buffer, localPort);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], remotePort);
        Length = HeaderBytes;
    }

    public int Length { get; private set; }

    public readonly int Room => _buffer.Length - Length;

    public readonly bool IsEmpty => Length == HeaderBytes;

    /// <summary>Adds a chunk of <paramref name="valueBytes"/> and gives its value to fill in. The caller has looked at <see cref="Room"/>.</summary>
    public Span<byte> Add(ChunkType type, byte flags, int valueBytes)
    {
        int length = Chunk.HeaderBytes + valueBytes;
        Span<byte> chunk = _buffer.Slice(Length, Padding.Padded(length));
        chunk[0] = (byte)type;
        chunk[1] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(chunk[2..], (ushort)length);
        chunk[length..].Clear();
        Length += chunk.Length;
        return chunk.Slice(Chunk.HeaderBytes, valueBytes);
    }

    /// <summary>Adds chunks that stand ready with their padding.</summary>
    public void AddRaw(ReadOnlySpan<byte> chunks)
    {
        chunks.CopyTo(_buffer[Length..]);
        Length += chunks.Length;
    }

    /// <summary>Completes the packet and gives its length.</summary>
    public readonly int Finish(uint verificationTag)
    {
        Span<byte> packet = _buffer[..Length];
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], verificationTag);
        BinaryPrimitives.WriteUInt32LittleEndian(packet[Crc32c.FieldOffset..], Crc32c.OfPacket(packet));
        return Length;
    }
}
