using QemuZeroCopy.Interop.OpenSsl;

namespace QemuZeroCopy.WebRtc.Srtp;

/// <summary>The AES-CM pseudo-random function of RFC 3711 section 4.3.3, with a key derivation rate of 0.</summary>
internal static class SrtpKeyDerivation
{
    public const byte RtpEncryption = 0;
    public const byte RtpAuthentication = 1;
    public const byte RtpSalt = 2;
    public const byte RtcpEncryption = 3;
    public const byte RtcpAuthentication = 4;
    public const byte RtcpSalt = 5;

    /// <summary>Fills <paramref name="output"/>. A salt of 12 bytes (RFC 7714 section 11) counts as shifted left by 16 bits.</summary>
    public static void Derive(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt, byte label, Span<byte> output)
    {
        Span<byte> counter = stackalloc byte[16];
        counter.Clear();
        masterSalt.CopyTo(counter);
        counter[7] ^= label;
        output.Clear();
        using var cipher = new AesCtrCipher(masterKey);
        cipher.Transform(counter, output, output);
    }
}
