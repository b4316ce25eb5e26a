using System.Buffers.Binary;
using System.Security.Cryptography;

namespace QemuZeroCopy.WebRtc.Stun;

/// <summary>Message types of RFC 8489 that a connectivity check uses.</summary>
internal enum StunType : ushort
{
    BindingRequest = 0x0001,
    BindingIndication = 0x0011,
    BindingSuccess = 0x0101,
    BindingError = 0x0111,
}

/// <summary>Attributes of RFC 8489 and RFC 8445.</summary>
internal static class StunAttribute
{
    public const ushort Username = 0x0006;
    public const ushort MessageIntegrity = 0x0008;
    public const ushort ErrorCode = 0x0009;
    public const ushort UnknownAttributes = 0x000A;
    public const ushort XorMappedAddress = 0x0020;
    public const ushort Priority = 0x0024;
    public const ushort UseCandidate = 0x0025;
    public const ushort Fingerprint = 0x8028;
    public const ushort IceControlled = 0x8029;
    public const ushort IceControlling = 0x802A;
}

/// <summary>
/// One STUN message, read in place. Parsing checks the whole shape: header, lengths, every attribute's bounds, and
/// FINGERPRINT where present; it says nothing about who sent it: that is <see cref="HasIntegrity"/>.
/// </summary>
internal readonly ref struct StunMessage
{
    /// <summary>Header of 20 bytes: type, length, cookie, transaction.</summary>
    public const int HeaderBytes = 20;

    /// <summary>Fixed second word of the header.</summary>
    public const uint MagicCookie = 0x2112A442;

    /// <summary>Longer messages are not connectivity checks (browsers send 90 to 150 bytes).</summary>
    public const int MaxBytes = 548;

    private const uint FingerprintMask = 0x5354554E;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _integrityOffset;

    private StunMessage(ReadOnlySpan<byte> bytes, scoped in Attributes found)
    {
        _bytes = bytes;
        _integrityOffset = found.IntegrityOffset;
        Username = found.UsernameLength < 0 ? default : bytes.Slice(found.UsernameOffset, found.UsernameLength);
        UsesCandidate = found.UsesCandidate;
        IsControlling = found.IsControlling;
        Priority = found.Priority;
        UnknownRequired = found.UnknownRequired;
        HasFingerprint = found.HasFingerprint;
        ErrorCode = found.ErrorCode;
        MappedAddress = found.MappedAddress;
    }

    public StunType Type => (StunType)BinaryPrimitives.ReadUInt16BigEndian(_bytes);

    public ReadOnlySpan<byte> Transaction => _bytes.Slice(8, 12);

    /// <summary>Empty where absent. For a check: the receiver's fragment, a colon, the sender's fragment.</summary>
    public ReadOnlySpan<byte> Username { get; }

    public bool UsesCandidate { get; }

    public bool IsControlling { get; }

    public uint Priority { get; }

    public bool HasFingerprint { get; }

    public int ErrorCode { get; }

    /// <summary>XOR-MAPPED-ADDRESS of a response, else default.</summary>
    public TransportAddress MappedAddress { get; }

    /// <summary>The first attribute that must be understood and is not; 0 for none.</summary>
    public ushort UnknownRequired { get; }

    /// <summary>Whether a datagram may be STUN at all (RFC 7983: first byte 0 to 3).</summary>
    public static bool LooksLikeStun(ReadOnlySpan<byte> datagram) =>
        datagram.Length >= HeaderBytes && datagram[0] < 4 && BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) == MagicCookie;

    /// <summary>Reads a message; false where it is malformed anywhere.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out StunMessage message)
    {
        message = default;
        if (!LooksLikeStun(datagram) || datagram.Length > MaxBytes || (datagram.Length & 3) != 0
            || BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]) != datagram.Length - HeaderBytes)
        {
            return false;
        }

        var found = new Attributes { UsernameLength = -1 };
        int offset = HeaderBytes;
        while (offset < datagram.Length)
        {
            ushort type = BinaryPrimitives.ReadUInt16BigEndian(datagram[offset..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[(offset + 2)..]);
            int padded = (length + 3) & ~3;
            if (found.HasFingerprint || padded > datagram.Length - offset - 4)
                return false;
            // What stands behind MESSAGE-INTEGRITY is not covered by it: only FINGERPRINT counts (RFC 8489, 14.5).
            if ((found.IntegrityOffset == 0 || type == StunAttribute.Fingerprint) && !found.TryTake(datagram, type, offset + 4, length))
                return false;
            offset += 4 + padded;
        }

        message = new StunMessage(datagram, found);
        return true;
    }

    /// <summary>
    /// Whether MESSAGE-INTEGRITY is there and was made with <paramref name="key"/> (for ICE: the password).
    /// Compared in constant time.
    /// </summary>
    public bool HasIntegrity(ReadOnlySpan<byte> key)
    {
        if (_integrityOffset == 0)
            return false;
        Span<byte> covered = stackalloc byte[MaxBytes];
        covered = covered[.._integrityOffset];
        _bytes[.._integrityOffset].CopyTo(covered);
        // The length field counts up to the end of MESSAGE-INTEGRITY, not what follows.
        BinaryPrimitives.WriteUInt16BigEndian(covered[2..], (ushort)(_integrityOffset + 24 - HeaderBytes));
        Span<byte> hash = stackalloc byte[20];
        HMACSHA1.HashData(key, covered, hash);
        return CryptographicOperations.FixedTimeEquals(hash, _bytes.Slice(_integrityOffset + 4, 20));
    }

    /// <summary>The value of FINGERPRINT over everything in front of the attribute.</summary>
    public static uint ComputeFingerprint(ReadOnlySpan<byte> upToAttribute) => Crc32.Compute(upToAttribute) ^ FingerprintMask;

    private struct Attributes
    {
        public int UsernameOffset;
        public int UsernameLength;
        public int IntegrityOffset;
        public bool UsesCandidate;
        public bool IsControlling;
        public bool HasFingerprint;
        public uint Priority;
        public ushort UnknownRequired;
        public int ErrorCode;
        public TransportAddress MappedAddress;

        public bool TryTake(ReadOnlySpan<byte> message, ushort type, int at, int length)
        {
            ReadOnlySpan<byte> value = message.Slice(at, length);
            switch (type)
            {
                case StunAttribute.Username:
                    (UsernameOffset, UsernameLength) = (at, length);
                    return true;
                case StunAttribute.MessageIntegrity:
                    IntegrityOffset = at - 4;
                    return length == 20;
                case StunAttribute.Fingerprint:
                    HasFingerprint = true;
                    return length == 4 && BinaryPrimitives.ReadUInt32BigEndian(value) == ComputeFingerprint(message[..(at - 4)]);
                case StunAttribute.Priority:
                    Priority = length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(value) : 0;
                    return length == 4;
                case StunAttribute.UseCandidate:
                    UsesCandidate = true;
                    return length == 0;
                case StunAttribute.IceControlling:
                    IsControlling = true;
                    return length == 8;
                case StunAttribute.IceControlled:
                    return length == 8;
                case StunAttribute.ErrorCode:
                    if (length < 4)
                        return false;
                    ErrorCode = ((value[2] & 7) * 100) + value[3];
                    return true;
                case StunAttribute.XorMappedAddress:
                    return TryReadMapped(message, value);
                default:
                    if (type < 0x8000 && UnknownRequired == 0)
                        UnknownRequired = type;
                    return true;
            }
        }

        private bool TryReadMapped(ReadOnlySpan<byte> message, ReadOnlySpan<byte> value)
        {
            if (value.Length < 8)
                return false;
            ushort port = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(value[2..]) ^ (MagicCookie >> 16));
            if (value[1] == 1 && value.Length == 8)
            {
                MappedAddress = TransportAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(value[4..]) ^ MagicCookie, port);
                return true;
            }

            if (value[1] != 2 || value.Length != 20)
                return false;
            UInt128 mask = BinaryPrimitives.ReadUInt128BigEndian(message[4..]);
            MappedAddress = new TransportAddress(BinaryPrimitives.ReadUInt128BigEndian(value[4..]) ^ mask, port);
            return true;
        }
    }
}
