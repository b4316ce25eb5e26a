using System.Text;

namespace QemuZeroCopy.WebRtc.Ice;

/// <summary>A username fragment and a password (RFC 8445 section 5.3).</summary>
internal sealed class IceCredentials
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    public IceCredentials(string ufrag, string password)
    {
        Ufrag = ufrag;
        Password = password;
        UfragBytes = Encoding.ASCII.GetBytes(ufrag);
        PasswordBytes = Encoding.ASCII.GetBytes(password);
    }

    public string Ufrag { get; }

    public string Password { get; }

    public byte[] UfragBytes { get; }

    public byte[] PasswordBytes { get; }

    /// <summary>48 and 144 random bits: more than the 24 and 128 that RFC 8445 asks for.</summary>
    public static IceCredentials Create(FillRandom fillRandom) => new(Text(fillRandom, 8), Text(fillRandom, 24));

    private static string Text(FillRandom fillRandom, int length)
    {
        Span<byte> bytes = stackalloc byte[length];
        fillRandom(bytes);
        Span<char> text = stackalloc char[length];
        for (int i = 0; i < length; i++)
            text[i] = Alphabet[bytes[i] & 63];
        return new string(text);
    }
}
