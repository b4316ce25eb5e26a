using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace QemuZeroCopy.Server.Web;

/// <summary>
/// The secret that lets a browser in, as printed in the address. Compared by digest, so that neither the
/// time nor the length of a guess tells anything.
/// </summary>
internal sealed class AccessToken
{
    private readonly byte[] _digest;
    private readonly byte[] _cookieDigest;

    public AccessToken(string secret)
    {
        Secret = secret;
        _digest = Digest(secret);
        CookieValue = Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), "qzc session cookie"u8));
        _cookieDigest = Digest(CookieValue);
    }

    /// <summary>128 random bits, URL-safe.</summary>
    public static AccessToken CreateRandom() => new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)));

    public string Secret { get; }

    /// <summary>What the cookie holds: derived, so that a leaked cookie jar does not tell the secret.</summary>
    public string CookieValue { get; }

    public bool Matches(string? candidate) => candidate is not null && CryptographicOperations.FixedTimeEquals(_digest, Digest(candidate));

    public bool MatchesCookie(string? candidate) => candidate is not null && CryptographicOperations.FixedTimeEquals(_cookieDigest, Digest(candidate));

    private static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
