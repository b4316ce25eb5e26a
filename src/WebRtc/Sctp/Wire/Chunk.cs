using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc.Sctp.Wire;

/// <summary>One chunk of a received packet: its head, and the value without padding.</summary>
internal readonly ref struct Chunk(ChunkType type, byte flags, ReadOnlySpan<byte> value)
{
    public const int HeaderBytes = 4;

    public ChunkType Type { get; } = type;

    public byte Flags { get; } = flags;

    public ReadOnlySpan<byte> Value { get; } = value;
}

/// <summary>Walks type-length-value records padded to four bytes: the chunks of a packet.</summary>
internal ref struct ChunkReader(ReadOnlySpan<byte> chunks)
{
    private ReadOnlySpan<byte> _rest = chunks;

    /// <summary>Whether the reader stopped at a length that does not fit.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Whether nothing follows.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    public bool TryRead(out Chunk chunk)
    {
        chunk = default;
        if (_rest.IsEmpty)
            return false;
        int length = _rest.Length >= Chunk.HeaderBytes ? BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]) : 0;
        if (length < Chunk.HeaderBytes || length > _rest.Length)
        {
            IsMalformed = true;
            return false;
        }

        chunk = new Chunk((ChunkType)_rest[0], _rest[1], _rest[Chunk.HeaderBytes..length]);
        // The last chunk's padding may be missing.
        _rest = _rest[Math.Min(Padding.Padded(length), _rest.Length)..];
        return true;
    }
}

/// <summary>Walks the parameters of INIT, INIT-ACK and RE-CONFIG.</summary>
internal ref struct ParameterReader(ReadOnlySpan<byte> parameters)
{
    private ReadOnlySpan<byte> _rest = parameters;

    public bool IsMalformed { get; private set; }

    public bool TryRead(out ParameterType type, out ReadOnlySpan<byte> value)
    {
        type = default;
        value = default;
        if (_rest.IsEmpty)
            return false;
        int length = _rest.Length >= 4 ? BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]) : 0;
        if (length < 4 || length > _rest.Length)
        {
            IsMalformed = true;
            return false;
        }

        type = (ParameterType)BinaryPrimitives.ReadUInt16BigEndian(_rest);
        value = _rest[4..length];
        _rest = _rest[Math.Min(Padding.Padded(length), _rest.Length)..];
        return true;
    }
}

internal static class Padding
{
    public static int Padded(int length) => (length + 3) & ~3;
}
