using System.Diagnostics;

namespace QemuZeroCopy.Interop.OpenSsl;

/// <summary>
/// AES-128-GCM with a 12-byte nonce and a 16-byte tag, in one direction, with the key schedule kept between
/// packets. Not for two threads at once.
/// </summary>
public sealed unsafe class AesGcmCipher : IDisposable
{
    /// <summary>Bytes of the tag.</summary>
    public const int TagBytes = 16;

    /// <summary>Bytes of the nonce.</summary>
    public const int NonceBytes = 12;

    private readonly EvpCipherContextHandle _handle;
    private readonly nint _context;
    private readonly bool _encrypts;

    /// <summary>A cipher with the key of 16 bytes.</summary>
    /// <exception cref="OpenSslException">OpenSSL refuses the key or the cipher.</exception>
    public AesGcmCipher(ReadOnlySpan<byte> key, bool encrypts)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, 16, nameof(key));
        _encrypts = encrypts;
        _handle = LibCrypto.EVP_CIPHER_CTX_new();
        if (_handle.IsInvalid)
            throw OpenSslException.Last(nameof(LibCrypto.EVP_CIPHER_CTX_new));
        _context = _handle.DangerousGetHandle();
        fixed (byte* k = key)
        {
            if (LibCrypto.EVP_CipherInit_ex_key(_context, LibCrypto.EVP_aes_128_gcm(), 0, k, null, encrypts ? 1 : 0) != 1)
                throw OpenSslException.Last("AES-128-GCM");
        }
    }

    /// <summary>
    /// Writes the ciphertext of <paramref name="plaintext"/> and behind it the tag to <paramref name="destination"/>
    /// (plaintext length + 16 bytes). The two may be the same memory, but not overlap otherwise.
    /// </summary>
    public void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        Debug.Assert(_encrypts, "This cipher decrypts.");
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceBytes, nameof(nonce));
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, plaintext.Length + TagBytes, nameof(destination));
        int written;
        bool good;
        fixed (byte* n = nonce)
        fixed (byte* a = associated)
        fixed (byte* p = plaintext)
        fixed (byte* d = destination)
        {
            good = LibCrypto.EVP_CipherInit_ex(_context, 0, 0, null, n, -1) == 1
                && (associated.IsEmpty || LibCrypto.EVP_CipherUpdate(_context, null, &written, a, associated.Length) == 1)
                && (plaintext.IsEmpty || LibCrypto.EVP_CipherUpdate(_context, d, &written, p, plaintext.Length) == 1)
                && LibCrypto.EVP_CipherFinal_ex(_context, d + plaintext.Length, &written) == 1
                && LibCrypto.EVP_CIPHER_CTX_ctrl(_context, LibCrypto.EVP_CTRL_AEAD_GET_TAG, TagBytes, d + plaintext.Length) == 1;
        }

        if (!good)
            throw OpenSslException.Last("AES-128-GCM encryption");
    }

    /// <summary>
    /// Decrypts the ciphertext (without its tag) into <paramref name="destination"/>, which may be the same
    /// memory. False where the tag does not fit: the destination then holds nothing of use.
    /// </summary>
    public bool TryDecrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> destination)
    {
        Debug.Assert(!_encrypts, "This cipher encrypts.");
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceBytes, nameof(nonce));
        ArgumentOutOfRangeException.ThrowIfNotEqual(tag.Length, TagBytes, nameof(tag));
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, ciphertext.Length, nameof(destination));
        int written;
        byte nothing;
        bool good;
        fixed (byte* n = nonce)
        fixed (byte* a = associated)
        fixed (byte* c = ciphertext)
        fixed (byte* t = tag)
        fixed (byte* d = destination)
        {
            good = LibCrypto.EVP_CipherInit_ex(_context, 0, 0, null, n, -1) == 1
                && (associated.IsEmpty || LibCrypto.EVP_CipherUpdate(_context, null, &written, a, associated.Length) == 1)
                && (ciphertext.IsEmpty || LibCrypto.EVP_CipherUpdate(_context, d, &written, c, ciphertext.Length) == 1)
                && LibCrypto.EVP_CIPHER_CTX_ctrl(_context, LibCrypto.EVP_CTRL_AEAD_SET_TAG, TagBytes, t) == 1
                && LibCrypto.EVP_CipherFinal_ex(_context, &nothing, &written) == 1;
        }

        if (!good)
            LibCrypto.ERR_clear_error();
        return good;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
