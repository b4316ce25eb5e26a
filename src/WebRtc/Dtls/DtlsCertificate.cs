using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QemuZeroCopy.Interop.OpenSsl;

namespace QemuZeroCopy.WebRtc.Dtls;

/// <summary>
/// The self-signed certificate of this process and the DTLS context on it. Made once at start, shared by all
/// connections; peers trust it by the fingerprint in the answer (RFC 8122, RFC 8827).
/// </summary>
public sealed class DtlsCertificate : IDisposable
{
    // GCM first: a third of the cost of AES-CM with HMAC-SHA1 per packet.
    private const string SrtpProfiles = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";

    private DtlsCertificate(DtlsContext context, string fingerprint)
    {
        Context = context;
        Fingerprint = fingerprint;
    }

    /// <summary>SHA-256 of the certificate as in a=fingerprint: "AB:CD:…".</summary>
    public string Fingerprint { get; }

    internal DtlsContext Context { get; }

    /// <summary>
    /// An ECDSA P-256 certificate valid from a day before <paramref name="now"/> for 30 days. The key comes from
    /// the system's generator: the one secret that the host cannot pass in.
    /// </summary>
    public static DtlsCertificate Create(DateTimeOffset now) => Create(now, SrtpProfiles);

    internal static DtlsCertificate Create(DateTimeOffset now, string srtpProfiles)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=WebRTC", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        byte[] privateKey = key.ExportECPrivateKey();
        try
        {
            var context = new DtlsContext(certificate.RawData, privateKey, srtpProfiles);
            return new DtlsCertificate(context, FingerprintText(SHA256.HashData(certificate.RawData)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(privateKey);
        }
    }

    /// <summary>Hash bytes as "AB:CD:…".</summary>
    internal static string FingerprintText(ReadOnlySpan<byte> hash)
    {
        Span<char> text = stackalloc char[hash.Length * 3];
        for (int i = 0; i < hash.Length; i++)
        {
            Convert.TryToHexString(hash.Slice(i, 1), text[(i * 3)..], out _);
            text[(i * 3) + 2] = ':';
        }

        return new string(text[..^1]);
    }

    /// <inheritdoc/>
    public void Dispose() => Context.Dispose();
}
