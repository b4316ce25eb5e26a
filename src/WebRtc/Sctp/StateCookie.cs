using System.Buffers.Binary;
using System.Security.Cryptography;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>
/// What an INIT-ACK hands to the peer and a COOKIE-ECHO brings back (RFC 9260 section 5.1.3): all that an association
/// needs, signed, so that nothing is kept for an INIT.
/// </summary>
internal struct StateCookie
{
    public const int Bytes = PayloadBytes + HMACSHA256.HashSizeInBytes;
    public const int KeyBytes = 32;
    private const int PayloadBytes = 52;

    public uint LocalTag;
    public uint PeerTag;
    public uint LocalInitialTsn;
    public uint PeerInitialTsn;
    public uint PeerWindowBytes;
    public ushort OutStreams;
    public ushort InStreams;

    /// <summary>Tags of the association that existed when the INIT came; 0 for none.</summary>
    public uint LocalTieTag;
    public uint PeerTieTag;
    public bool PeerTakesForwardTsn;
    public bool PeerTakesReset;
    public long CreatedNs;

    public readonly void Write(Span<byte> destination, ReadOnlySpan<byte> key)
    {
        Span<byte> payload = destination[..PayloadBytes];
        payload.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(payload, LocalTag);
        BinaryPrimitives.WriteUInt32BigEndian(payload[4..], PeerTag);
        BinaryPrimitives.WriteUInt32BigEndian(payload[8..], LocalInitialTsn);
        BinaryPrimitives.WriteUInt32BigEndian(payload[12..], PeerInitialTsn);
        BinaryPrimitives.WriteUInt32BigEndian(payload[16..], PeerWindowBytes);
        BinaryPrimitives.WriteUInt16BigEndian(payload[20..], OutStreams);
        BinaryPrimitives.WriteUInt16BigEndian(payload[22..], InStreams);
        BinaryPrimitives.WriteUInt32BigEndian(payload[24..], LocalTieTag);
        BinaryPrimitives.WriteUInt32BigEndian(payload[28..], PeerTieTag);
        payload[32] = (byte)((PeerTakesForwardTsn ? 1 : 0) | (PeerTakesReset ? 2 : 0));
        BinaryPrimitives.WriteInt64BigEndian(payload[40..], CreatedNs);
        HMACSHA256.HashData(key, payload, destination.Slice(PayloadBytes, HMACSHA256.HashSizeInBytes));
    }

    /// <summary>Reads a cookie of our own making; false for any other.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, ReadOnlySpan<byte> key, out StateCookie cookie)
    {
        cookie = default;
        if (source.Length != Bytes)
            return false;
        ReadOnlySpan<byte> payload = source[..PayloadBytes];
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, payload, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, source[PayloadBytes..]))
            return false;
        cookie.LocalTag = BinaryPrimitives.ReadUInt32BigEndian(payload);
        cookie.PeerTag = BinaryPrimitives.ReadUInt32BigEndian(payload[4..]);
        cookie.LocalInitialTsn = BinaryPrimitives.ReadUInt32BigEndian(payload[8..]);
        cookie.PeerInitialTsn = BinaryPrimitives.ReadUInt32BigEndian(payload[12..]);
        cookie.PeerWindowBytes = BinaryPrimitives.ReadUInt32BigEndian(payload[16..]);
        cookie.OutStreams = BinaryPrimitives.ReadUInt16BigEndian(payload[20..]);
        cookie.InStreams = BinaryPrimitives.ReadUInt16BigEndian(payload[22..]);
        cookie.LocalTieTag = BinaryPrimitives.ReadUInt32BigEndian(payload[24..]);
        cookie.PeerTieTag = BinaryPrimitives.ReadUInt32BigEndian(payload[28..]);
        cookie.PeerTakesForwardTsn = (payload[32] & 1) != 0;
        cookie.PeerTakesReset = (payload[32] & 2) != 0;
        cookie.CreatedNs = BinaryPrimitives.ReadInt64BigEndian(payload[40..]);
        return true;
    }
}
