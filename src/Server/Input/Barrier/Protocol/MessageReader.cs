using System.Buffers.Binary;

namespace QemuZeroCopy.Server.Input.Barrier.Protocol;

/// <summary>Reads a message's fields in order. Each Try says false once the message is too short, and then the message is bad.</summary>
internal ref struct MessageReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Whether every byte has been read; a message of the right kind leaves none.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    public bool TryReadCode(out MessageCode code)
    {
        bool read = TryReadUInt32(out uint value);
        code = (MessageCode)value;
        return read;
    }

    public bool TryReadByte(out byte value)
    {
        value = 0;
        if (_rest.IsEmpty)
            return false;
        value = _rest[0];
        _rest = _rest[1..];
        return true;
    }

    public bool TryReadInt16(out short value)
    {
        if (!BinaryPrimitives.TryReadInt16BigEndian(_rest, out value))
            return false;
        _rest = _rest[2..];
        return true;
    }

    public bool TryReadUInt32(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(_rest, out value))
            return false;
        _rest = _rest[4..];
        return true;
    }

    /// <summary>A string or blob: a 32-bit length, then so many bytes.</summary>
    public bool TryReadBytes(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (!TryReadUInt32(out uint length) || length > (uint)_rest.Length)
            return false;
        bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    /// <summary>Takes <paramref name="literal"/> if it is next.</summary>
    public bool TryReadLiteral(ReadOnlySpan<byte> literal)
    {
        if (!_rest.StartsWith(literal))
            return false;
        _rest = _rest[literal.Length..];
        return true;
    }
}
