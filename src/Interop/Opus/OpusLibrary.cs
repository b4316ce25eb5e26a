using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Opus;

/// <summary>Whether libopus is there.</summary>
public static unsafe class OpusLibrary
{
    /// <summary>Its version, such as "libopus 1.3.1"; null with one line that says what to install where it is missing.</summary>
    public static string? TryGetVersion(out string? whyNot)
    {
        try
        {
            whyNot = null;
            return Marshal.PtrToStringUTF8((nint)OpusNative.opus_get_version_string());
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            whyNot = "libopus.so.0 is missing; install libopus0.";
            return null;
        }
    }

    internal static void ThrowIfMissing()
    {
        if (TryGetVersion(out string? whyNot) is null)
            throw new OpusException(whyNot!);
    }
}
