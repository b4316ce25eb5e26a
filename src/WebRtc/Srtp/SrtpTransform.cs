using System.Buffers.Binary;
using System.Security.Cryptography;
using QemuZeroCopy.Interop.OpenSsl;

namespace QemuZeroCopy.WebRtc.Srtp;

/// <summary>
/// One direction of SRTP or SRTCP with its session keys: turns a packet with a known index into a protected one and
/// back. Indices, roll-over and replay are the caller's.
/// </summary>
internal abstract class SrtpTransform : IDisposable
{
    /// <summary>The E bit of an SRTCP index word: the packet is encrypted.</summary>
    protected const uint EncryptedFlag = 0x8000_0000;

    /// <summary>Bytes added to an RTP packet.</summary>
    public abstract int RtpOverheadBytes { get; }

    /// <summary>
    /// <paramref name="packet"/> starts with a complete RTP header; the payload is encrypted from where it lies into
    /// the room behind the header. Gives the whole length.
    /// </summary>
    public abstract int ProtectRtp(Span<byte> packet, int headerLength, ReadOnlySpan<byte> payload, uint ssrc, long index);

    /// <summary>Decrypts in place; the payload's length, or -1 where the packet is not authentic.</summary>
    public abstract int UnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, long index);

    /// <summary>Encrypts an RTCP packet in place, with room behind it; gives the new length.</summary>
    public abstract int ProtectRtcp(Span<byte> buffer, int length, uint index);

    /// <summary>Decrypts in place; the RTCP packet's length, or -1 where it is not authentic.</summary>
    public abstract int UnprotectRtcp(Span<byte> packet);

    /// <summary>The index word of a protected RTCP packet, without the E bit; -1 where the packet is too short.</summary>
    public abstract long RtcpIndex(ReadOnlySpan<byte> packet);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>AEAD_AES_128_GCM (RFC 7714).</summary>
internal sealed class AeadGcmTransform(ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt, bool encrypts) : SrtpTransform
{
    private const int TagBytes = AesGcmCipher.TagBytes;
    private const int RtcpHeaderBytes = 8;

    private readonly AesGcmCipher _cipher = new(key, encrypts);
    private readonly ulong _saltHigh = BinaryPrimitives.ReadUInt64BigEndian(salt);
    private readonly uint _saltLow = BinaryPrimitives.ReadUInt32BigEndian(salt[8..]);

    public override int RtpOverheadBytes => TagBytes;

    public override int ProtectRtp(Span<byte> packet, int headerLength, ReadOnlySpan<byte> payload, uint ssrc, long index)
    {
        Span<byte> nonce = stackalloc byte[AesGcmCipher.NonceBytes];
        WriteNonce(nonce, ssrc, (ulong)index);
        _cipher.Encrypt(nonce, packet[..headerLength], payload, packet[headerLength..]);
        return headerLength + payload.Length + TagBytes;
    }

    public override int UnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, long index)
    {
        int length = packet.Length - headerLength - TagBytes;
        if (length < 0)
            return -1;
        Span<byte> nonce = stackalloc byte[AesGcmCipher.NonceBytes];
        WriteNonce(nonce, ssrc, (ulong)index);
        Span<byte> payload = packet.Slice(headerLength, length);
        return _cipher.TryDecrypt(nonce, packet[..headerLength], payload, packet[^TagBytes..], payload) ? length : -1;
    }

    public override int ProtectRtcp(Span<byte> buffer, int length, uint index)
    {
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(buffer[4..]);
        Span<byte> associated = stackalloc byte[RtcpHeaderBytes + 4];
        buffer[..RtcpHeaderBytes].CopyTo(associated);
        BinaryPrimitives.WriteUInt32BigEndian(associated[RtcpHeaderBytes..], index | EncryptedFlag);
        Span<byte> nonce = stackalloc byte[AesGcmCipher.NonceBytes];
        WriteNonce(nonce, ssrc, index);
        _cipher.Encrypt(nonce, associated, buffer[RtcpHeaderBytes..length], buffer[RtcpHeaderBytes..]);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[(length + TagBytes)..], index | EncryptedFlag);
        return length + TagBytes + 4;
    }

    public override int UnprotectRtcp(Span<byte> packet)
    {
        int length = packet.Length - TagBytes - 4;
        if (length < RtcpHeaderBytes)
            return -1;
        uint word = BinaryPrimitives.ReadUInt32BigEndian(packet[^4..]);
        if ((word & EncryptedFlag) == 0)
            return -1;
        Span<byte> associated = stackalloc byte[RtcpHeaderBytes + 4];
        packet[..RtcpHeaderBytes].CopyTo(associated);
        packet[^4..].CopyTo(associated[RtcpHeaderBytes..]);
        Span<byte> nonce = stackalloc byte[AesGcmCipher.NonceBytes];
        WriteNonce(nonce, BinaryPrimitives.ReadUInt32BigEndian(packet[4..]), word & ~EncryptedFlag);
        Span<byte> body = packet[RtcpHeaderBytes..length];
        return _cipher.TryDecrypt(nonce, associated, body, packet.Slice(length, TagBytes), body) ? length : -1;
    }

    public override long RtcpIndex(ReadOnlySpan<byte> packet) =>
        packet.Length < RtcpHeaderBytes + TagBytes + 4 ? -1 : BinaryPrimitives.ReadUInt32BigEndian(packet[^4..]) & ~EncryptedFlag;

    public override void Dispose() => _cipher.Dispose();

    /// <summary>RFC 7714 sections 8.1 and 9.1: zero, SSRC and the index of 48 (or 31) bits, combined with the salt.</summary>
    private void WriteNonce(Span<byte> nonce, uint ssrc, ulong index)
    {
        BinaryPrimitives.WriteUInt64BigEndian(nonce, _saltHigh ^ ((ulong)ssrc << 16) ^ (index >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(nonce[8..], _saltLow ^ (uint)index);
    }
}

/// <summary>AES128_CM_HMAC_SHA1_80 (RFC 3711).</summary>
internal sealed class AesCmTransform(ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> authenticationKey) : SrtpTransform
{
    private const int TagBytes = 10;
    private const int RtcpHeaderBytes = 8;

    private readonly AesCtrCipher _cipher = new(key);
    private readonly byte[] _salt = salt.ToArray();
    private readonly byte[] _authenticationKey = authenticationKey.ToArray();

    public override int RtpOverheadBytes => TagBytes;

    public override int ProtectRtp(Span<byte> packet, int headerLength, ReadOnlySpan<byte> payload, uint ssrc, long index)
    {
        int length = headerLength + payload.Length;
        Transform(ssrc, index, payload, packet[headerLength..]);
        // The tag covers the roll-over counter behind the packet; its room serves until the tag is written.
        BinaryPrimitives.WriteUInt32BigEndian(packet[length..], (uint)(index >> 16));
        Sign(packet[..(length + 4)], packet.Slice(length, TagBytes));
        return length + TagBytes;
    }

    public override int UnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, long index)
    {
        int length = packet.Length - TagBytes;
        if (length < headerLength)
            return -1;
        Span<byte> tag = stackalloc byte[TagBytes];
        Span<byte> expected = stackalloc byte[TagBytes];
        packet[length..].CopyTo(tag);
        BinaryPrimitives.WriteUInt32BigEndian(packet[length..], (uint)(index >> 16));
        Sign(packet[..(length + 4)], expected);
        tag.CopyTo(packet[length..]);
        if (!CryptographicOperations.FixedTimeEquals(tag, expected))
            return -1;
        Span<byte> payload = packet[headerLength..length];
        Transform(ssrc, index, payload, payload);
        return payload.Length;
    }

    public override int ProtectRtcp(Span<byte> buffer, int length, uint index)
    {
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(buffer[4..]);
        Span<byte> body = buffer[RtcpHeaderBytes..length];
        Transform(ssrc, index, body, body);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[length..], index | EncryptedFlag);
        Sign(buffer[..(length + 4)], buffer.Slice(length + 4, TagBytes));
        return length + 4 + TagBytes;
    }

    public override int UnprotectRtcp(Span<byte> packet)
    {
        int length = packet.Length - TagBytes - 4;
        if (length < RtcpHeaderBytes)
            return -1;
        Span<byte> expected = stackalloc byte[TagBytes];
        Sign(packet[..(length + 4)], expected);
        uint word = BinaryPrimitives.ReadUInt32BigEndian(packet[length..]);
        if (!CryptographicOperations.FixedTimeEquals(packet[(length + 4)..], expected) || (word & EncryptedFlag) == 0)
            return -1;
        Span<byte> body = packet[RtcpHeaderBytes..length];
        Transform(BinaryPrimitives.ReadUInt32BigEndian(packet[4..]), word & ~EncryptedFlag, body, body);
        return length;
    }

    public override long RtcpIndex(ReadOnlySpan<byte> packet) =>
        packet.Length < RtcpHeaderBytes + TagBytes + 4 ? -1 : BinaryPrimitives.ReadUInt32BigEndian(packet[^(TagBytes + 4)..]) & ~EncryptedFlag;

    public override void Dispose() => _cipher.Dispose();

    /// <summary>RFC 3711 section 4.1.1: IV = salt · 2^16 ⊕ SSRC · 2^64 ⊕ index · 2^16.</summary>
    private void Transform(uint ssrc, long index, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        Span<byte> counter = stackalloc byte[16];
        counter.Clear();
        _salt.CopyTo(counter);
        ulong high = BinaryPrimitives.ReadUInt64BigEndian(counter);
        ulong low = BinaryPrimitives.ReadUInt64BigEndian(counter[8..]);
        BinaryPrimitives.WriteUInt64BigEndian(counter, high ^ ssrc);
        BinaryPrimitives.WriteUInt64BigEndian(counter[8..], low ^ ((ulong)index << 16));
        _cipher.Transform(counter, source, destination);
    }

    private void Sign(ReadOnlySpan<byte> covered, Span<byte> tag)
    {
        Span<byte> hash = stackalloc byte[20];
        HMACSHA1.HashData(_authenticationKey, covered, hash);
        hash[..TagBytes].CopyTo(tag);
    }
}
