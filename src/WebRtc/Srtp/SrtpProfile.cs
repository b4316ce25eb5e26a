namespace QemuZeroCopy.WebRtc.Srtp;

/// <summary>SRTP protection profiles by their IANA numbers (RFC 5764, RFC 7714).</summary>
internal enum SrtpProfileId
{
    None = 0,
    Aes128CmSha1_80 = 1,
    AeadAes128Gcm = 7,
}

/// <summary>Sizes of a profile.</summary>
internal static class SrtpProfile
{
    public const int KeyBytes = 16;

    /// <summary>The most that any profile adds to an RTP packet (the tag of AES-GCM).</summary>
    public const int MaxOverheadBytes = 16;

    /// <summary>The most that any profile adds to an RTCP packet (tag and index).</summary>
    public const int MaxRtcpOverheadBytes = 20;

    public static int SaltBytes(SrtpProfileId profile) => profile == SrtpProfileId.AeadAes128Gcm ? 12 : 14;

    /// <summary>Bytes that a profile adds to an RTP packet.</summary>
    public static int OverheadBytes(SrtpProfileId profile) => profile == SrtpProfileId.AeadAes128Gcm ? 16 : 10;

    /// <summary>Keying material to export: two keys, two salts (RFC 5764 section 4.2).</summary>
    public static int ExportBytes(SrtpProfileId profile) => 2 * (KeyBytes + SaltBytes(profile));
}
