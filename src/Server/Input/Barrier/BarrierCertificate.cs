using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace QemuZeroCopy.Server.Input.Barrier;

/// <summary>
/// The server's own certificate. Barrier has no authorities: a person compares the fingerprint once, the client
/// keeps it, so the certificate has to stay the same from run to run.
/// </summary>
internal static class BarrierCertificate
{
    private const int RsaBits = 2048;
    private const int Years = 20;

    /// <summary>Loads the certificate, or makes one where there is none.</summary>
    /// <exception cref="IOException">The file cannot be read or written, or holds no certificate with its key.</exception>
    public static X509Certificate2 LoadOrCreate(string path, DateTimeOffset now)
    {
        try
        {
            if (!File.Exists(path))
                Create(path, now);
            string pem = File.ReadAllText(path);
            using X509Certificate2 loaded = X509Certificate2.CreateFromPem(pem, pem);
            // SslStream wants the key bound as a PKCS #12 would have it.
            return X509CertificateLoader.LoadPkcs12(loaded.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} is no usable certificate with its key ({e.Message}): remove it to have a new one made, which clients will have to trust anew.", e);
        }
    }

    /// <summary>Both fingerprints, as Barrier shows them: SHA-256 for version 2.4 and Input Leap, SHA-1 for older ones.</summary>
    public static string Describe(X509Certificate2 certificate) =>
        $"SHA-256 {Colons(certificate.GetCertHash(HashAlgorithmName.SHA256))}, SHA-1 {Colons(certificate.GetCertHash(HashAlgorithmName.SHA1))}";

    /// <summary>The line that a client keeps in SSL/Fingerprints/TrustedServers.txt.</summary>
    public static string TrustLine(X509Certificate2 certificate) =>
        "v2:sha256:" + Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));

    private static void Create(string path, DateTimeOffset now)
    {
        using var key = RSA.Create(RsaBits);
        var request = new CertificateRequest("CN=Barrier", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(Years));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(path, options);
        writer.WriteLine(certificate.ExportCertificatePem());
        writer.WriteLine(key.ExportPkcs8PrivateKeyPem());
    }

    private static string Colons(byte[] hash) => string.Join(':', hash.Select(b => b.ToString("X2", CultureInfo.InvariantCulture)));
}
