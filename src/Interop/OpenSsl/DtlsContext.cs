using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace QemuZeroCopy.Interop.OpenSsl;

/// <summary>
/// An SSL_CTX for DTLS 1.2 with use_srtp (RFC 5764): one certificate, the peer's certificate demanded but judged
/// by the caller (WebRTC compares fingerprints, RFC 8827). Shared by all sessions of a process.
/// </summary>
public sealed unsafe class DtlsContext : IDisposable
{
    private const int NidEcPublicKey = 408;

    /// <summary>What an AES-GCM record has beyond its plaintext: explicit nonce and tag (RFC 5288 section 3).</summary>
    internal const int CipherOverheadBytes = 8 + 16;

    /// <summary>The first is the one that every WebRTC endpoint has (RFC 8827 section 6.5).</summary>
    private const string Ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";

    private readonly SslContextHandle _handle;

    /// <summary>A context that presents the given certificate.</summary>
    /// <param name="certificateDer">An X.509 certificate with an EC key.</param>
    /// <param name="privateKeyDer">Its key as an ECPrivateKey of RFC 5915.</param>
    /// <param name="srtpProfiles">OpenSSL's names in order of preference, such as "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80".</param>
    /// <exception cref="OpenSslException">OpenSSL refuses one of them.</exception>
    public DtlsContext(ReadOnlySpan<byte> certificateDer, ReadOnlySpan<byte> privateKeyDer, string srtpProfiles)
    {
        ArgumentNullException.ThrowIfNull(srtpProfiles);
        _handle = LibSsl.SSL_CTX_new(LibSsl.DTLS_method());
        if (_handle.IsInvalid)
            throw OpenSslException.Last(nameof(LibSsl.SSL_CTX_new));
        nint context = Handle;
        LibSsl.SSL_CTX_set_options(context, LibSsl.SSL_OP_NO_QUERY_MTU | LibSsl.SSL_OP_NO_TICKET | LibSsl.SSL_OP_NO_COMPRESSION
            | LibSsl.SSL_OP_NO_RENEGOTIATION | LibSsl.SSL_OP_CIPHER_SERVER_PREFERENCE);
        Check(LibSsl.SSL_CTX_ctrl(context, LibSsl.SSL_CTRL_SET_MIN_PROTO_VERSION, LibSsl.DTLS1_2_VERSION, null) == 1, "DTLS 1.2");
        Check(LibSsl.SSL_CTX_ctrl(context, LibSsl.SSL_CTRL_SET_MAX_PROTO_VERSION, LibSsl.DTLS1_2_VERSION, null) == 1, "DTLS 1.2");
        LibSsl.SSL_CTX_set_verify(context, LibSsl.SSL_VERIFY_PEER | LibSsl.SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &AcceptForFingerprintCheck);
        fixed (byte* certificate = certificateDer)
        fixed (byte* key = privateKeyDer)
        fixed (byte* ciphers = Terminated(Ciphers))
        fixed (byte* groups = "X25519:P-256:P-384\0"u8)
        fixed (byte* profiles = Terminated(srtpProfiles))
        {
            Check(LibSsl.SSL_CTX_use_certificate_ASN1(context, certificateDer.Length, certificate) == 1, "The DTLS certificate");
            Check(LibSsl.SSL_CTX_use_PrivateKey_ASN1(NidEcPublicKey, context, key, privateKeyDer.Length) == 1, "The DTLS private key");
            Check(LibSsl.SSL_CTX_set_cipher_list(context, ciphers) == 1, "The DTLS cipher list");
            Check(LibSsl.SSL_CTX_ctrl(context, LibSsl.SSL_CTRL_SET_GROUPS_LIST, 0, groups) == 1, "The DTLS group list");
            Check(LibSsl.SSL_CTX_set_tlsext_use_srtp(context, profiles) == 0, "The SRTP profile list");
        }
    }

    internal nint Handle => _handle.DangerousGetHandle();

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static byte[] Terminated(string text) => Encoding.ASCII.GetBytes(text + '\0');

    private void Check(bool good, string what)
    {
        if (good)
            return;
        _handle.Dispose();
        throw OpenSslException.Last(what);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AcceptForFingerprintCheck(int preverified, nint store) => 1;
}
