using QemuZeroCopy.Interop.OpenSsl;
using QemuZeroCopy.WebRtc.Srtp;

namespace QemuZeroCopy.WebRtc.Tests.Srtp;

/// <summary>The test vectors of RFC 3711 appendix B and RFC 7714 sections 16 and 17.</summary>
public class SrtpVectorTests
{
    private static readonly byte[] s_gcmKey = Hex.Parse("00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f");
    private static readonly byte[] s_gcmSalt = Hex.Parse("51 75 69 64 20 70 72 6f 20 71 75 6f");

    private static readonly byte[] s_rtp = Hex.Parse("""
        8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973
        20646976 69736120 696e2070 61727465 73207472 6573
        """);

    private static readonly byte[] s_srtp = Hex.Parse("""
        8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5
        0d294e6f 42a5f47a 51c7d19b 36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce
        """);

    private static readonly byte[] s_rtcp = Hex.Parse("""
        81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
        deadbeef deadbeef deadbeef deadbeef deadbeef
        """);

    private static readonly byte[] s_srtcp = Hex.Parse("""
        81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1
        730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4
        """);

    [Fact]
    public void AES_CM_makes_the_key_stream_of_RFC_3711_B_2()
    {
        using var cipher = new AesCtrCipher(Hex.Parse("2B7E151628AED2A6ABF7158809CF4F3C"));
        byte[] stream = new byte[0xFF02 * 16];
        cipher.Transform(Hex.Parse("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000"), stream, stream);
        Assert.Equal(Hex.Parse("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0"), stream[..48]);
        Assert.Equal(Hex.Parse("EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44"), stream[(0xFEFF * 16)..(0xFF02 * 16)]);
    }

    [Fact]
    public void Keys_are_derived_as_in_RFC_3711_B_3()
    {
        byte[] key = Hex.Parse("E1F97A0D3E018BE0D64FA32C06DE4139");
        byte[] salt = Hex.Parse("0EC675AD498AFEEBB6960B3AABE6");
        byte[] encryption = new byte[16];
        byte[] derivedSalt = new byte[14];
        byte[] authentication = new byte[94];
        SrtpKeyDerivation.Derive(key, salt, SrtpKeyDerivation.RtpEncryption, encryption);
        SrtpKeyDerivation.Derive(key, salt, SrtpKeyDerivation.RtpSalt, derivedSalt);
        SrtpKeyDerivation.Derive(key, salt, SrtpKeyDerivation.RtpAuthentication, authentication);
        Assert.Equal(Hex.Parse("C61E7A93744F39EE10734AFE3FF7A087"), encryption);
        Assert.Equal(Hex.Parse("30CBBC08863D8C85D49DB34A9AE1"), derivedSalt);
        Assert.Equal(Hex.Parse("""
            CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE E049646C43D9327AD175578EF7227098
            6371C10C9A369AC2F94A8C5FBCDDDC25 6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2
            """), authentication);
    }

    [Fact]
    public void AES_GCM_protects_RTP_as_in_RFC_7714_16_1_1()
    {
        using var transform = new AeadGcmTransform(s_gcmKey, s_gcmSalt, encrypts: true);
        byte[] packet = new byte[s_srtp.Length];
        s_rtp.AsSpan(0, 12).CopyTo(packet);
        int length = transform.ProtectRtp(packet, 12, s_rtp.AsSpan(12), 0x5501a0b2, 0xf17b);
        Assert.Equal(s_srtp.Length, length);
        Assert.Equal(s_srtp, packet);
    }

    [Fact]
    public void AES_GCM_opens_RTP_as_in_RFC_7714_16_1_2()
    {
        using var transform = new AeadGcmTransform(s_gcmKey, s_gcmSalt, encrypts: false);
        byte[] packet = [.. s_srtp];
        int length = transform.UnprotectRtp(packet, 12, 0x5501a0b2, 0xf17b);
        Assert.Equal(s_rtp.Length - 12, length);
        Assert.Equal(s_rtp, packet[..s_rtp.Length]);
    }

    [Fact]
    public void AES_GCM_protects_RTCP_as_in_RFC_7714_17_1()
    {
        using var transform = new AeadGcmTransform(s_gcmKey, s_gcmSalt, encrypts: true);
        byte[] packet = new byte[s_srtcp.Length];
        s_rtcp.CopyTo(packet, 0);
        Assert.Equal(s_srtcp.Length, transform.ProtectRtcp(packet, s_rtcp.Length, 0x5d4));
        Assert.Equal(Convert.ToHexString(s_srtcp), Convert.ToHexString(packet));
    }

    [Fact]
    public void AES_GCM_opens_RTCP_as_in_RFC_7714_17_2()
    {
        using var transform = new AeadGcmTransform(s_gcmKey, s_gcmSalt, encrypts: false);
        byte[] packet = [.. s_srtcp];
        Assert.Equal(0x5d4, transform.RtcpIndex(packet));
        Assert.Equal(s_rtcp.Length, transform.UnprotectRtcp(packet));
        Assert.Equal(s_rtcp, packet[..s_rtcp.Length]);
    }
}
