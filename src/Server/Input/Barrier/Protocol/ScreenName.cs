using System.Text;

namespace QemuZeroCopy.Server.Input.Barrier.Protocol;

/// <summary>
/// A client's screen name, compared without regard to case as Barrier does. Barrier's configuration takes
/// letters, digits, '_', '-' and dots between labels; anything else cannot be a configured screen.
/// </summary>
internal static class ScreenName
{
    public static StringComparer Comparer => StringComparer.OrdinalIgnoreCase;

    /// <summary>The name in <paramref name="bytes"/>; null where it is none.</summary>
    public static string? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > BarrierLimits.MaxNameBytes)
            return null;
        for (int i = 0; i < bytes.Length; i++)
        {
            bool inner = i > 0 && i < bytes.Length - 1;
            char c = (char)bytes[i];
            bool valid = char.IsAsciiLetterOrDigit(c) || c == '_' || (inner && c is '-' or '.' && inner && bytes[i - 1] != '.');
            if (!valid)
                return null;
        }

        return Encoding.ASCII.GetString(bytes);
    }
}
