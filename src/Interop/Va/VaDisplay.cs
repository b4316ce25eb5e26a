using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Interop.Va;

/// <summary>A VA-API call failed; the message names it and gives vaErrorStr's words.</summary>
public sealed class VaException : Exception
{
    /// <summary>With a message for a person.</summary>
    public VaException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public VaException()
    {
    }

    /// <inheritdoc/>
    public VaException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// An initialized VADisplay: one driver on one render node. Owns the node's fd. May be used by one thread
/// at a time.
/// </summary>
public sealed unsafe class VaDisplay : IDisposable
{
    private const int VAEntrypointEncSlice = 6, VAEntrypointEncSliceLP = 8;

    private readonly SafeFileHandle? _node;
    private readonly bool _takesRates;
    private nint _display;

    private VaDisplay(nint display, SafeFileHandle? node)
    {
        _display = display;
        _node = node;
        Vendor = Marshal.PtrToStringUTF8((nint)LibVa.vaQueryVendorString(display)) ?? "unknown driver";
        _takesRates = LibVa.WrapForRate(display) != 0;
    }

    /// <summary>The driver's name for itself, such as "Intel iHD driver …".</summary>
    public string Vendor { get; }

    /// <summary>The native VADisplay. Stays this object's.</summary>
    public nint Handle => _display;

    /// <summary>Opens the driver for a DRM render node, such as /dev/dri/renderD128.</summary>
    /// <exception cref="VaException">libva or the driver is missing, or refuses the node.</exception>
    public static VaDisplay OpenRenderNode(string path)
    {
        SafeFileHandle node;
        try
        {
            node = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VaException($"{path} cannot be opened: {e.Message} Add the user to the group 'render', or choose another --render-node.", e);
        }

        try
        {
            return Initialize(LibVa.vaGetDisplayDRM((int)node.DangerousGetHandle()), node, path);
        }
        catch (DllNotFoundException e)
        {
            node.Dispose();
            throw new VaException("libva is not installed (Debian: libva2 libva-drm2).", e);
        }
        catch
        {
            node.Dispose();
            throw;
        }
    }

    /// <summary>Takes over a VADisplay that was made by other means, and initializes it.</summary>
    /// <exception cref="VaException">The driver cannot be loaded.</exception>
    public static VaDisplay Take(nint display) => Initialize(display, null, "the given display");

    /// <summary>What the driver can encode: pairs of VAProfile and VAEntrypoint (va.h).</summary>
    public IReadOnlyList<VaEncoderEntry> QueryEncoders()
    {
        int capacity = Math.Clamp(LibVa.vaMaxNumProfiles(_display), 0, 256), count = 0;
        int[] profiles = new int[capacity];
        fixed (int* list = profiles)
        {
            if (LibVa.vaQueryConfigProfiles(_display, list, &count) != LibVa.VA_STATUS_SUCCESS)
                return [];
        }

        var found = new List<VaEncoderEntry>();
        foreach (int profile in profiles.AsSpan(0, Math.Clamp(count, 0, capacity)))
            AddEntrypoints(profile, found);
        return found;
    }

    /// <summary>What <paramref name="entry"/> takes of regions of interest.</summary>
    public VaRegionSupport QueryRegions(VaEncoderEntry entry)
    {
        var attribute = new VAConfigAttrib { Type = LibVa.VAConfigAttribEncROI };
        int entrypoint = entry.IsLowPower ? VAEntrypointEncSliceLP : VAEntrypointEncSlice;
        if (LibVa.vaGetConfigAttributes(_display, (int)entry.Profile, entrypoint, &attribute, 1) != LibVa.VA_STATUS_SUCCESS
            || attribute.Value == LibVa.VA_ATTRIB_NOT_SUPPORTED)
            return default;
        const uint QuantizerOffsets = 1 << 9; // behind eight bits for the number, one for priorities
        return new VaRegionSupport((int)(attribute.Value & 0xff), (attribute.Value & QuantizerOffsets) != 0);
    }

    /// <summary>
    /// Exports a surface as one DMA-BUF layer for each plane. False where the driver refuses, or gives more
    /// planes to a layer than one (a compressed surface), with the reason.
    /// </summary>
    public bool TryExport(uint surface, [NotNullWhen(true)] out VaExportedSurface? exported, out string reason)
    {
        VADRMPRIMESurfaceDescriptor descriptor = default;
        int status = LibVa.vaExportSurfaceHandle(
            _display, surface, LibVa.VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2,
            LibVa.VA_EXPORT_SURFACE_WRITE_ONLY | LibVa.VA_EXPORT_SURFACE_SEPARATE_LAYERS, &descriptor);
        exported = null;
        if (status != LibVa.VA_STATUS_SUCCESS)
        {
            reason = $"vaExportSurfaceHandle: {ErrorText(status)}";
            return false;
        }

        exported = VaExportedSurface.Take(descriptor, out reason);
        return exported is not null;
    }

    /// <summary>
    /// Has the next picture that this thread encodes on this display start at another rate, without a key
    /// frame. False where libva could not be arranged for it.
    /// </summary>
    public bool TryPendRate(int bitsPerSecond, int bufferBits)
    {
        if (!_takesRates || bitsPerSecond <= 0 || bufferBits <= 0)
            return false;
        LibVa.PendRate((uint)bitsPerSecond, 100, (uint)bufferBits);
        return true;
    }

    /// <summary>Terminates the driver and closes the node.</summary>
    public void Dispose()
    {
        nint display = _display;
        _display = 0;
        if (display == 0)
            return;
        if (_takesRates)
            LibVa.UnwrapForRate(display);
        _ = LibVa.vaTerminate(display);
        _node?.Dispose();
    }

    internal static string ErrorText(int status) => Marshal.PtrToStringUTF8((nint)LibVa.vaErrorStr(status)) ?? $"status {status}";

    private static VaDisplay Initialize(nint display, SafeFileHandle? node, string what)
    {
        if (display == 0)
            throw new VaException($"libva makes no display of {what}: it is no DRM render node.");
        LibVa.vaSetErrorCallback(display, 0, 0); // failures come back as status codes, and are told once, by us
        LibVa.vaSetInfoCallback(display, 0, 0);
        int major, minor, status = LibVa.vaInitialize(display, &major, &minor);
        if (status == LibVa.VA_STATUS_SUCCESS)
            return new VaDisplay(display, node);
        _ = LibVa.vaTerminate(display);
        throw new VaException($"No VA-API driver for {what}: {ErrorText(status)}. Install the one for the GPU (Intel: intel-media-va-driver, AMD: mesa-va-drivers).");
    }

    private void AddEntrypoints(int profile, List<VaEncoderEntry> found)
    {
        int capacity = Math.Clamp(LibVa.vaMaxNumEntrypoints(_display), 0, 256), count = 0;
        int[] entrypoints = new int[capacity];
        fixed (int* list = entrypoints)
        {
            if (LibVa.vaQueryConfigEntrypoints(_display, profile, list, &count) != LibVa.VA_STATUS_SUCCESS)
                return;
        }

        foreach (int entrypoint in entrypoints.AsSpan(0, Math.Clamp(count, 0, capacity)))
        {
            if (entrypoint is VAEntrypointEncSlice or VAEntrypointEncSliceLP)
                found.Add(new VaEncoderEntry((VaProfile)profile, entrypoint == VAEntrypointEncSliceLP));
        }
    }
}
