namespace QemuZeroCopy.WebRtc.Tests;

/// <summary>Bytes from hex with blanks anywhere.</summary>
internal static class Hex
{
    public static byte[] Parse(string text) => Convert.FromHexString(string.Concat(text.Where(c => !char.IsWhiteSpace(c))));
}
