namespace QemuZeroCopy.Interop.OpenSsl;

/// <summary>AES-128 in counter mode with the key schedule kept between packets. Not for two threads at once.</summary>
public sealed unsafe class AesCtrCipher : IDisposable
{
    private readonly EvpCipherContextHandle _handle;
    private readonly nint _context;

    /// <summary>A cipher with the key of 16 bytes.</summary>
    /// <exception cref="OpenSslException">OpenSSL refuses the key or the cipher.</exception>
    public AesCtrCipher(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, 16, nameof(key));
        _handle = LibCrypto.EVP_CIPHER_CTX_new();
        if (_handle.IsInvalid)
            throw OpenSslException.Last(nameof(LibCrypto.EVP_CIPHER_CTX_new));
        _context = _handle.DangerousGetHandle();
        fixed (byte* k = key)
        {
            if (LibCrypto.EVP_CipherInit_ex_key(_context, LibCrypto.EVP_aes_128_ctr(), 0, k, null, 1) != 1)
                throw OpenSslException.Last("AES-128-CTR");
        }
    }

    /// <summary>
    /// Combines <paramref name="source"/> with the key stream that starts at <paramref name="counter"/> (16 bytes)
    /// and writes it to <paramref name="destination"/>, which may be the same memory.
    /// </summary>
    public void Transform(ReadOnlySpan<byte> counter, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(counter.Length, 16, nameof(counter));
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, source.Length, nameof(destination));
        if (source.IsEmpty)
            return;
        int written;
        bool good;
        fixed (byte* n = counter)
        fixed (byte* s = source)
        fixed (byte* d = destination)
        {
            good = LibCrypto.EVP_CipherInit_ex(_context, 0, 0, null, n, -1) == 1
                && LibCrypto.EVP_CipherUpdate(_context, d, &written, s, source.Length) == 1;
        }

        if (!good)
            throw OpenSslException.Last("AES-128-CTR encryption");
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
