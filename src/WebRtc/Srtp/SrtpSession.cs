using System.Buffers.Binary;
using System.Security.Cryptography;

namespace QemuZeroCopy.WebRtc.Srtp;

/// <summary>Both directions of SRTP and SRTCP of one DTLS association, with roll-over counters and replay lists.</summary>
internal sealed class SrtpSession : IDisposable
{
    /// <summary>
    /// Streams of one peer that we remember: a microphone, and RTCP from one SSRC per m-line. Only authentic packets
    /// open one, so the bound is against a peer that misbehaves, not against strangers.
    /// </summary>
    private const int MaxStreams = 64;

    private readonly SrtpTransform _sendRtp;
    private readonly SrtpTransform _sendRtcp;
    private readonly SrtpTransform _receiveRtp;
    private readonly SrtpTransform _receiveRtcp;
    private readonly Dictionary<uint, ReplayWindow> _rtpWindows = [];
    private readonly Dictionary<uint, ReplayWindow> _rtcpWindows = [];
    private uint _sendRtcpIndex;

    /// <summary>
    /// From the exported keying material (RFC 5764 section 4.2): client key, server key, client salt, server salt.
    /// </summary>
    public SrtpSession(SrtpProfileId profile, ReadOnlySpan<byte> exported, bool isServer)
    {
        int salt = SrtpProfile.SaltBytes(profile);
        ReadOnlySpan<byte> clientKey = exported[..SrtpProfile.KeyBytes];
        ReadOnlySpan<byte> serverKey = exported.Slice(SrtpProfile.KeyBytes, SrtpProfile.KeyBytes);
        ReadOnlySpan<byte> clientSalt = exported.Slice(2 * SrtpProfile.KeyBytes, salt);
        ReadOnlySpan<byte> serverSalt = exported.Slice((2 * SrtpProfile.KeyBytes) + salt, salt);
        ReadOnlySpan<byte> ownKey = isServer ? serverKey : clientKey;
        ReadOnlySpan<byte> ownSalt = isServer ? serverSalt : clientSalt;
        ReadOnlySpan<byte> peerKey = isServer ? clientKey : serverKey;
        ReadOnlySpan<byte> peerSalt = isServer ? clientSalt : serverSalt;
        _sendRtp = CreateTransform(profile, ownKey, ownSalt, isRtcp: false, encrypts: true);
        _sendRtcp = CreateTransform(profile, ownKey, ownSalt, isRtcp: true, encrypts: true);
        _receiveRtp = CreateTransform(profile, peerKey, peerSalt, isRtcp: false, encrypts: false);
        _receiveRtcp = CreateTransform(profile, peerKey, peerSalt, isRtcp: true, encrypts: false);
    }

    /// <summary>Bytes added to each RTP packet.</summary>
    public int RtpOverheadBytes => _sendRtp.RtpOverheadBytes;

    /// <summary>
    /// Protects one packet of ours. <paramref name="sequence"/> is the widened RTP sequence number (below 2^48), whose
    /// upper part is the roll-over counter.
    /// </summary>
    public int ProtectRtp(Span<byte> packet, int headerLength, ReadOnlySpan<byte> payload, uint ssrc, long sequence) =>
        _sendRtp.ProtectRtp(packet, headerLength, payload, ssrc, sequence);

    /// <summary>Protects one RTCP packet in place; the buffer has room for <see cref="SrtpProfile.MaxRtcpOverheadBytes"/> more.</summary>
    public int ProtectRtcp(Span<byte> buffer, int length)
    {
        int result = _sendRtcp.ProtectRtcp(buffer, length, _sendRtcpIndex);
        _sendRtcpIndex = (_sendRtcpIndex + 1) & 0x7FFF_FFFF;
        return result;
    }

    /// <summary>
    /// Opens one packet of the peer in place: the payload's length and the widened sequence number, or -1 where it is
    /// malformed, replayed or forged.
    /// </summary>
    public int UnprotectRtp(Span<byte> packet, int headerLength, out long sequence)
    {
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        ushort low = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (!_rtpWindows.TryGetValue(ssrc, out ReplayWindow window) && _rtpWindows.Count >= MaxStreams)
        {
            sequence = 0;
            return -1;
        }

        sequence = Widen(low, window.Highest);
        if (!window.Allows(sequence))
            return -1;
        int length = _receiveRtp.UnprotectRtp(packet, headerLength, ssrc, sequence);
        if (length < 0)
            return -1;
        window.Take(sequence);
        _rtpWindows[ssrc] = window;
        return length;
    }

    /// <summary>Opens one RTCP packet of the peer in place: its length, or -1 where it is malformed, replayed or forged.</summary>
    public int UnprotectRtcp(Span<byte> packet)
    {
        long index = _receiveRtcp.RtcpIndex(packet);
        if (index < 0)
            return -1;
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        bool known = _rtcpWindows.TryGetValue(ssrc, out ReplayWindow window);
        if ((!known && _rtcpWindows.Count >= MaxStreams) || !window.Allows(index))
            return -1;
        int length = _receiveRtcp.UnprotectRtcp(packet);
        if (length < 0)
            return -1;
        window.Take(index);
        _rtcpWindows[ssrc] = window;
        return length;
    }

    /// <summary>The widened number nearest to the highest one seen (RFC 3711 section 3.3.1); never negative.</summary>
    internal static long Widen(ushort sequence, long highest)
    {
        if (highest < 0)
            return sequence;
        long candidate = (highest & ~0xFFFFL) | sequence;
        if (candidate > highest + 0x8000 && candidate >= 0x10000)
            return candidate - 0x10000;
        return candidate < highest - 0x8000 ? candidate + 0x10000 : candidate;
    }

    private static SrtpTransform CreateTransform(SrtpProfileId profile, ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt, bool isRtcp, bool encrypts)
    {
        Span<byte> key = stackalloc byte[SrtpProfile.KeyBytes];
        Span<byte> salt = stackalloc byte[14];
        salt = salt[..SrtpProfile.SaltBytes(profile)];
        Span<byte> authentication = stackalloc byte[20];
        SrtpKeyDerivation.Derive(masterKey, masterSalt, isRtcp ? SrtpKeyDerivation.RtcpEncryption : SrtpKeyDerivation.RtpEncryption, key);
        SrtpKeyDerivation.Derive(masterKey, masterSalt, isRtcp ? SrtpKeyDerivation.RtcpSalt : SrtpKeyDerivation.RtpSalt, salt);
        SrtpKeyDerivation.Derive(masterKey, masterSalt, isRtcp ? SrtpKeyDerivation.RtcpAuthentication : SrtpKeyDerivation.RtpAuthentication, authentication);
        SrtpTransform transform = profile switch
        {
            SrtpProfileId.AeadAes128Gcm => new AeadGcmTransform(key, salt, encrypts),
            SrtpProfileId.Aes128CmSha1_80 => new AesCmTransform(key, salt, authentication),
            _ => throw new ArgumentOutOfRangeException(nameof(profile)),
        };
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(authentication);
        return transform;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sendRtp.Dispose();
        _sendRtcp.Dispose();
        _receiveRtp.Dispose();
        _receiveRtcp.Dispose();
    }
}
