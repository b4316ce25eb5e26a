using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QemuZeroCopy.Server.Cli;

namespace QemuZeroCopy.Server.Web;

/// <summary>Reads the certificate that --tls-cert and --tls-key name.</summary>
internal static class TlsFiles
{
    /// <summary>The certificate with its key; null where none is wanted.</summary>
    /// <exception cref="UserError">A file is missing, not PEM, or the two do not belong together.</exception>
    public static X509Certificate2? Load(ServeSettings settings)
    {
        if (settings.TlsCertificatePath is not { } certificate || settings.TlsKeyPath is not { } key)
            return null;
        try
        {
            return X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserError($"the certificate cannot be read ({e.Message.TrimEnd('.')}): check the paths and rights of --tls-cert and --tls-key.", inner: e);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new UserError($"{certificate} and {key} are not a certificate and its key in PEM ({e.Message.TrimEnd('.')}): give the chain to --tls-cert and its unencrypted private key to --tls-key.", inner: e);
        }
    }
}
