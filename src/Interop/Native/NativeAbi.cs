using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Native;

/// <summary>The contract between this assembly and libqzcnative (native/), which are built together.</summary>
public static partial class NativeAbi
{
    /// <summary>The version that this assembly was written against: the twin of QZC_NATIVE_ABI in native/qzc.h.</summary>
    public const int Version = 5;

    /// <summary>The version that the loaded (or, in a Native AOT binary, the linked) library reports.</summary>
    /// <exception cref="DllNotFoundException">libqzcnative.so is not beside the program.</exception>
    public static int LoadedVersion => GetVersion();

    /// <summary>Refuses a library of another build before any of its structs is touched.</summary>
    /// <exception cref="InvalidOperationException">The library's version is not <see cref="Version"/>.</exception>
    public static void ThrowIfForeign()
    {
        int loaded = LoadedVersion;
        if (loaded != Version)
            throw new InvalidOperationException($"libqzcnative has ABI version {loaded}, this program needs {Version}: build both again with ./dev publish.");
    }

    [LibraryImport("qzcnative", EntryPoint = "qzc_native_abi_version")]
    private static partial int GetVersion();
}
