using System.Text;

namespace QemuZeroCopy.Interop.OpenSsl;

/// <summary>A call into OpenSSL failed at set-up; the message holds OpenSSL's own reason.</summary>
public sealed class OpenSslException : Exception
{
    /// <summary>An error without a message.</summary>
    public OpenSslException()
    {
    }

    /// <summary>An error with a message.</summary>
    public OpenSslException(string message)
        : base(message)
    {
    }

    /// <summary>An error with a message and a cause.</summary>
    public OpenSslException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal static OpenSslException Last(string what) => new($"{what} failed: {LastError()}.");

    /// <summary>Takes the oldest error off this thread's queue, as text, and clears the rest.</summary>
    internal static unsafe string LastError()
    {
        ulong code = LibCrypto.ERR_get_error();
        LibCrypto.ERR_clear_error();
        if (code == 0)
            return "no reason given";
        Span<byte> text = stackalloc byte[256];
        fixed (byte* p = text)
            LibCrypto.ERR_error_string_n(code, p, (nuint)text.Length);
        int end = text.IndexOf((byte)0);
        return Encoding.UTF8.GetString(text[..(end < 0 ? text.Length : end)]);
    }
}
