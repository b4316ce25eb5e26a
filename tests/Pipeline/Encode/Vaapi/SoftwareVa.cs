using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.Va;

namespace QemuZeroCopy.Pipeline.Tests.Encode.Vaapi;

/// <summary>
/// libva on a driver without hardware (tests/native/va-software), which FFmpeg's unmodified encoders drive.
/// Faults are ordered when a display is opened, as the driver reads its environment then.
/// </summary>
internal static partial class SoftwareVa
{
    private static readonly Lock Gate = new();
    private static readonly Lazy<nint> DisplayLibrary = new(Build);

    /// <summary>Opens a display with <paramref name="faults"/>, such as "encode-error=5;hang=7:300".</summary>
    public static unsafe VaDisplay Open(string faults = "")
    {
        lock (Gate)
        {
            var make = (delegate* unmanaged<nint>)NativeLibrary.GetExport(DisplayLibrary.Value, "qzc_va_display_without_node");
            Assert.Equal(0, setenv("QZC_VA_FAULTS", faults, 1));
            return VaDisplay.Take(make());
        }
    }

    private static nint Build()
    {
        string source = Path.Combine(SourceFolder(), "../../../native/va-software");
        string output = Path.GetFullPath(Path.Combine(SourceFolder(), "../../../../artifacts/va-software"));
        using (Process make = Process.Start("make", ["-s", "-C", source, $"OUT={output}"]))
        {
            make.WaitForExit();
            Assert.Equal(0, make.ExitCode);
        }

        // The process's own environment, which libva reads; .NET's is a copy.
        Assert.Equal(0, setenv("LIBVA_DRIVERS_PATH", output, 1));
        Assert.Equal(0, setenv("LIBVA_DRIVER_NAME", "software", 1));
        return NativeLibrary.Load(Path.Combine(output, "libqzc-va-display.so"));
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
