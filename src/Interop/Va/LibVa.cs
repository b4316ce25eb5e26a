using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Va;

/// <summary>The functions of va.h and va_drm.h in use. Names and values are libva's.</summary>
internal static unsafe partial class LibVa
{
    private const string Core = "libva.so.2", Drm = "libva-drm.so.2";

    internal const int VA_STATUS_SUCCESS = 0;
    internal const uint VA_INVALID_SURFACE = uint.MaxValue;
    internal const uint VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2 = 0x40000000;
    internal const uint VA_EXPORT_SURFACE_WRITE_ONLY = 0x0002;
    internal const uint VA_EXPORT_SURFACE_SEPARATE_LAYERS = 0x0004;
    internal const int VAConfigAttribEncROI = 25;
    internal const uint VA_ATTRIB_NOT_SUPPORTED = 0x80000000;

    [LibraryImport(Drm)]
    internal static partial nint vaGetDisplayDRM(int fd);

    [LibraryImport(Core)]
    internal static partial int vaInitialize(nint display, int* major, int* minor);

    [LibraryImport(Core)]
    internal static partial int vaTerminate(nint display);

    [LibraryImport(Core)]
    internal static partial byte* vaErrorStr(int status);

    [LibraryImport(Core)]
    internal static partial byte* vaQueryVendorString(nint display);

    [LibraryImport(Core)]
    internal static partial int vaMaxNumProfiles(nint display);

    [LibraryImport(Core)]
    internal static partial int vaMaxNumEntrypoints(nint display);

    [LibraryImport(Core)]
    internal static partial int vaQueryConfigProfiles(nint display, int* profiles, int* count);

    [LibraryImport(Core)]
    internal static partial int vaQueryConfigEntrypoints(nint display, int profile, int* entrypoints, int* count);

    [LibraryImport(Core)]
    internal static partial int vaGetConfigAttributes(nint display, int profile, int entrypoint, VAConfigAttrib* attributes, int count);

    [LibraryImport(Core)]
    internal static partial int vaExportSurfaceHandle(nint display, uint surface, uint memoryType, uint flags, VADRMPRIMESurfaceDescriptor* descriptor);

    [LibraryImport(Core)]
    internal static partial int vaSyncSurface(nint display, uint surface);

    [LibraryImport(Core)]
    internal static partial nint vaSetErrorCallback(nint display, nint callback, nint user);

    [LibraryImport(Core)]
    internal static partial nint vaSetInfoCallback(nint display, nint callback, nint user);

    [LibraryImport("qzcnative", EntryPoint = "qzc_va_rate_wrap")]
    internal static partial int WrapForRate(nint display);

    [LibraryImport("qzcnative", EntryPoint = "qzc_va_rate_unwrap")]
    internal static partial void UnwrapForRate(nint display);

    [LibraryImport("qzcnative", EntryPoint = "qzc_va_rate_pend")]
    internal static partial void PendRate(uint bitsPerSecond, uint targetPercentage, uint bufferBits);
}

/// <summary>VAConfigAttrib of va.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VAConfigAttrib
{
    internal int Type;
    internal uint Value;
}

/// <summary>VADRMPRIMESurfaceDescriptor of va_drmcommon.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VADRMPRIMESurfaceDescriptor
{
    internal uint Fourcc;
    internal uint Width;
    internal uint Height;
    internal uint NumObjects;
    internal Objects4 Objects;
    internal uint NumLayers;
    internal Layers4 Layers;

    [StructLayout(LayoutKind.Sequential)]
    internal struct Object
    {
        internal int Fd;
        internal uint Size;
        internal ulong DrmFormatModifier;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Layer
    {
        internal uint DrmFormat;
        internal uint NumPlanes;
        internal fixed uint ObjectIndex[4];
        internal fixed uint Offset[4];
        internal fixed uint Pitch[4];
    }

    [System.Runtime.CompilerServices.InlineArray(4)]
    internal struct Objects4
    {
        private Object _first;
    }

    [System.Runtime.CompilerServices.InlineArray(4)]
    internal struct Layers4
    {
        private Layer _first;
    }
}
