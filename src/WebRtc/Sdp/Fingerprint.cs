namespace QemuZeroCopy.WebRtc.Sdp;

/// <summary>Hashes of a=fingerprint that we check (RFC 8122; MD5 and SHA-1 are not taken).</summary>
internal enum FingerprintAlgorithm
{
    None,
    Sha256,
    Sha384,
    Sha512,
}

/// <summary>The hash of a certificate as an offer names it.</summary>
internal readonly record struct Fingerprint(FingerprintAlgorithm Algorithm, ReadOnlyMemory<byte> Hash)
{
    /// <summary>Reads "sha-256 AB:CD:…".</summary>
    public static bool TryParse(ReadOnlySpan<char> value, out Fingerprint fingerprint)
    {
        fingerprint = default;
        int space = value.IndexOf(' ');
        if (space < 0)
            return false;
        ReadOnlySpan<char> name = value[..space];
        (FingerprintAlgorithm algorithm, int bytes) =
            name.Equals("sha-256", StringComparison.OrdinalIgnoreCase) ? (FingerprintAlgorithm.Sha256, 32)
            : name.Equals("sha-384", StringComparison.OrdinalIgnoreCase) ? (FingerprintAlgorithm.Sha384, 48)
            : name.Equals("sha-512", StringComparison.OrdinalIgnoreCase) ? (FingerprintAlgorithm.Sha512, 64)
            : (FingerprintAlgorithm.None, 0);
        ReadOnlySpan<char> text = value[(space + 1)..].Trim();
        if (algorithm == FingerprintAlgorithm.None || text.Length != (bytes * 3) - 1)
            return false;
        byte[] hash = new byte[bytes];
        for (int i = 0; i < bytes; i++)
        {
            if (i > 0 && text[(i * 3) - 1] != ':')
                return false;
            if (!byte.TryParse(text.Slice(i * 3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out hash[i]))
                return false;
        }

        fingerprint = new Fingerprint(algorithm, hash);
        return true;
    }
}
