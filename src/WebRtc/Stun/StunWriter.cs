using System.Buffers.Binary;
using System.Security.Cryptography;

namespace QemuZeroCopy.WebRtc.Stun;

/// <summary>Writes one STUN message into a caller's buffer, which must have room for it (200 bytes do for a check).</summary>
internal ref struct StunWriter
{
    private readonly Span<byte> _buffer;
    private int _length;

    public StunWriter(Span<byte> buffer, StunType type, scoped ReadOnlySpan<byte> transaction)
    {
        _buffer = buffer;
        BinaryPrimitives.WriteUInt16BigEndian(buffer, (ushort)type);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[4..], StunMessage.MagicCookie);
        transaction[..12].CopyTo(buffer[8..]);
        _length = StunMessage.HeaderBytes;
    }

    public void Add(ushort type, scoped ReadOnlySpan<byte> value)
    {
        Span<byte> place = Begin(type, value.Length);
        value.CopyTo(place);
    }

    public void Add(ushort type, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Begin(type, 4), value);

    public void Add(ushort type, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Begin(type, 8), value);

    public void AddMappedAddress(scoped in TransportAddress address)
    {
        Span<byte> place = Begin(StunAttribute.XorMappedAddress, address.IsIPv4 ? 8 : 20);
        place[0] = 0;
        place[1] = address.IsIPv4 ? (byte)1 : (byte)2;
        BinaryPrimitives.WriteUInt16BigEndian(place[2..], (ushort)(address.Port ^ (StunMessage.MagicCookie >> 16)));
        if (address.IsIPv4)
            BinaryPrimitives.WriteUInt32BigEndian(place[4..], address.IPv4 ^ StunMessage.MagicCookie);
        else
            BinaryPrimitives.WriteUInt128BigEndian(place[4..], address.Address ^ BinaryPrimitives.ReadUInt128BigEndian(_buffer[4..]));
    }

    public void AddError(int code, scoped ReadOnlySpan<byte> reason)
    {
        Span<byte> place = Begin(StunAttribute.ErrorCode, 4 + reason.Length);
        BinaryPrimitives.WriteUInt32BigEndian(place, (uint)(((code / 100) << 8) | (code % 100)));
        reason.CopyTo(place[4..]);
    }

    /// <summary>Closes the message with MESSAGE-INTEGRITY by <paramref name="key"/> and FINGERPRINT; gives its length.</summary>
    public int Finish(scoped ReadOnlySpan<byte> key)
    {
        int covered = _length;
        Span<byte> integrity = Begin(StunAttribute.MessageIntegrity, 20);
        WriteLength();
        HMACSHA1.HashData(key, _buffer[..covered], integrity);
        return Finish();
    }

    /// <summary>Closes the message with FINGERPRINT alone; gives its length.</summary>
    public int Finish()
    {
        int covered = _length;
        Span<byte> fingerprint = Begin(StunAttribute.Fingerprint, 4);
        WriteLength();
        BinaryPrimitives.WriteUInt32BigEndian(fingerprint, StunMessage.ComputeFingerprint(_buffer[..covered]));
        return _length;
    }

    private readonly void WriteLength() =>
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[2..], (ushort)(_length - StunMessage.HeaderBytes));

    private Span<byte> Begin(ushort type, int length)
    {
        int padded = (length + 3) & ~3;
        Span<byte> place = _buffer.Slice(_length, 4 + padded);
        BinaryPrimitives.WriteUInt16BigEndian(place, type);
        BinaryPrimitives.WriteUInt16BigEndian(place[2..], (ushort)length);
        place[(4 + length)..].Clear();
        _length += 4 + padded;
        return place.Slice(4, length);
    }
}
