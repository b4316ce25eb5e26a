using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Gpu;
using QemuZeroCopy.Interop.Linux;
using static QemuZeroCopy.Interop.Egl.EglConstants;

namespace QemuZeroCopy.Interop.Egl;

/// <summary>
/// A GLES 3.1 context without a surface, on the device of a render node. Current on one thread at a time; every call
/// belongs to that thread.
/// </summary>
public sealed unsafe class EglContext : IDisposable
{
    private const int MaxDevices = 16;
    private const int MaxModifiers = 256;
    private readonly EglCommands _egl;
    private readonly nint _display;
    private readonly nint _context;
    private bool _disposed;

    private EglContext(EglCommands egl, nint display, nint context, string extensions, DeviceNumber? renderNode)
    {
        (_egl, _display, _context) = (egl, display, context);
        RenderNode = renderNode;
        ImportsModifiers = extensions.Contains("EGL_EXT_image_dma_buf_import_modifiers", StringComparison.Ordinal);
    }

    /// <summary>The render node of the device, or null for a driver without one.</summary>
    public DeviceNumber? RenderNode { get; }

    /// <summary>Whether images with a format modifier are imported.</summary>
    public bool ImportsModifiers { get; }

    /// <summary>EGL images alive; tests watch it for leaks.</summary>
    public int ImportCount { get; private set; }

    internal static delegate* unmanaged<byte*, void*> GetProcAddress { get; private set; }

    /// <summary>
    /// Makes a context on the device of <paramref name="renderNode"/>, or on the first device that takes DMA-BUFs where
    /// that is null, and makes it current. False with what is missing and what to do.
    /// </summary>
    public static bool TryCreate(DeviceNumber? renderNode, [NotNullWhen(true)] out EglContext? context, out string why)
    {
        context = null;
        if (!NativeLibrary.TryLoad("libEGL.so.1", out nint library) || !NativeLibrary.TryGetExport(library, "eglGetProcAddress", out nint entry))
        {
            why = "libEGL.so.1 is not installed (package libegl1)";
            return false;
        }

        GetProcAddress = (delegate* unmanaged<byte*, void*>)entry;
        var egl = new EglCommands(GetProcAddress);
        why = renderNode is { } node ? $"no EGL device has render node {node}" : "no EGL device takes DMA-BUFs";
        if (egl.eglGetPlatformDisplayEXT == null)
        {
            return false;
        }

        nint* devices = stackalloc nint[MaxDevices];
        int count = 0;
        if (egl.eglQueryDevicesEXT != null && egl.eglQueryDevicesEXT(MaxDevices, devices, &count) != EGL_TRUE)
        {
            count = 0;
        }

        for (int i = 0; i < count && context is null; i++)
        {
            DeviceNumber? number = RenderNodeOf(egl, devices[i]);
            if (renderNode is null || number == renderNode)
            {
                context = TryOpen(egl, egl.eglGetPlatformDisplayEXT(EGL_PLATFORM_DEVICE_EXT, (void*)devices[i], null), number, ref why);
            }
        }

        if (context is null && renderNode is null)
        {
            context = TryOpen(egl, egl.eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA, null, null), null, ref why);
        }

        return context is not null;
    }

    /// <summary>Makes the context current on the calling thread, taking it from none other.</summary>
    /// <exception cref="GpuSetupException">It is current elsewhere.</exception>
    public void MakeCurrent()
    {
        if (_egl.eglMakeCurrent(_display, 0, 0, _context) != EGL_TRUE)
        {
            throw new GpuSetupException($"eglMakeCurrent failed with 0x{_egl.eglGetError():x}.");
        }
    }

    /// <summary>Whether a format with that modifier can be imported, and whether only as an external texture.</summary>
    public bool Takes(uint fourcc, ulong modifier, out bool externalOnly)
    {
        externalOnly = false;
        if (!ImportsModifiers)
        {
            return modifier == 0;
        }

        ulong* modifiers = stackalloc ulong[MaxModifiers];
        int* external = stackalloc int[MaxModifiers];
        int count = 0;
        if (_egl.eglQueryDmaBufModifiersEXT(_display, (int)fourcc, MaxModifiers, modifiers, external, &count) != EGL_TRUE)
        {
            return false;
        }

        for (int i = 0; i < Math.Min(count, MaxModifiers); i++)
        {
            if (modifiers[i] == modifier)
            {
                externalOnly = external[i] != 0;
                return true;
            }
        }

        // Drivers that list no modifier for a format take it linear, or as the kernel remembers its tiling.
        return count == 0 && modifier is 0 or ImplicitModifier;
    }

    /// <summary>DRM_FORMAT_MOD_INVALID: the kernel object itself tells the tiling.</summary>
    public const ulong ImplicitModifier = 0x00ff_ffff_ffff_ffff;

    /// <summary>Makes an EGLImage over DMA-BUF planes; the fds stay the caller's. The image is 0 unless the outcome is Ok.</summary>
    internal GpuOutcome ImportDmaBuf(int width, int height, uint fourcc, ulong modifier, ReadOnlySpan<ImportedPlane> planes, out nint image)
    {
        image = 0;
        if (planes.IsEmpty || planes.Length > 4)
        {
            return GpuOutcome.Unsupported;
        }

        // Width, height, fourcc, up to 4 × 5 of a plane, the end: 47 of 48.
        int* list = stackalloc int[48];
        int n = 0;
        Put(EGL_WIDTH, width);
        Put(EGL_HEIGHT, height);
        Put(EGL_LINUX_DRM_FOURCC_EXT, (int)fourcc);
        Span<int> held = stackalloc int[4];
        held.Fill(-1);
        try
        {
            for (int i = 0; i < planes.Length; i++)
            {
                held[i] = DmaBuf.Dup(planes[i].Fd);
                if (held[i] < 0)
                {
                    return GpuOutcome.BadMemory;
                }

                Put(PlaneAttribute(i, 0), held[i]);
                Put(PlaneAttribute(i, 1), (int)planes[i].OffsetBytes);
                Put(PlaneAttribute(i, 2), (int)planes[i].PitchBytes);
                if (ImportsModifiers && modifier != ImplicitModifier)
                {
                    Put(PlaneAttribute(i, 3), (int)(modifier & uint.MaxValue));
                    Put(PlaneAttribute(i, 4), (int)(modifier >> 32));
                }
            }

            Put(EGL_NONE, 0);
            image = _egl.eglCreateImageKHR(_display, 0, EGL_LINUX_DMA_BUF_EXT, 0, list);
        }
        finally
        {
            // EGL_EXT_image_dma_buf_import takes its own references; ours only kept the fds open during the call.
            foreach (int fd in held)
            {
                if (fd >= 0)
                {
                    DmaBuf.Close(fd);
                }
            }
        }

        if (image == 0)
        {
            _ = _egl.eglGetError();
            return GpuOutcome.BadMemory;
        }

        ImportCount++;
        return GpuOutcome.Ok;

        void Put(int name, int value)
        {
            list[n++] = name;
            list[n++] = value;
        }
    }

    internal void DestroyImage(nint image)
    {
        ImportCount--;
        _ = _egl.eglDestroyImageKHR(_display, image);
    }

    /// <summary>Destroys the context. The display stays open: EGL shares it within the process.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _ = _egl.eglMakeCurrent(_display, 0, 0, 0);
        _ = _egl.eglDestroyContext(_display, _context);
    }

    private static EglContext? TryOpen(EglCommands egl, nint display, DeviceNumber? renderNode, ref string why)
    {
        int major, minor;
        if (display == 0 || egl.eglInitialize(display, &major, &minor) != EGL_TRUE)
        {
            why = $"eglInitialize failed with 0x{egl.eglGetError():x} (may this user open the render node?)";
            return null;
        }

        string extensions = Marshal.PtrToStringUTF8((nint)egl.eglQueryString(display, EGL_EXTENSIONS)) ?? "";
        foreach (string needed in (string[])["EGL_EXT_image_dma_buf_import", "EGL_KHR_surfaceless_context", "EGL_KHR_no_config_context"])
        {
            if (!extensions.Split(' ').Contains(needed))
            {
                why = $"{Marshal.PtrToStringUTF8((nint)egl.eglQueryString(display, EGL_VENDOR))} has no {needed}";
                return null;
            }
        }

        int* attributes = stackalloc int[7] { EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, 1, EGL_NONE, EGL_NONE, EGL_NONE };
        if (extensions.Contains("EGL_EXT_create_context_robustness", StringComparison.Ordinal))
        {
            (attributes[4], attributes[5]) = (EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_EXT, EGL_LOSE_CONTEXT_ON_RESET_EXT);
        }

        _ = egl.eglBindAPI(EGL_OPENGL_ES_API);
        nint context = egl.eglCreateContext(display, 0, 0, attributes);
        if (context == 0 || egl.eglMakeCurrent(display, 0, 0, context) != EGL_TRUE)
        {
            why = $"no GLES 3.1 context: 0x{egl.eglGetError():x}";
            return null;
        }

        // Mesa's rasterizer on a DRM node (kms_swrast) maps that node's own buffers only, and crashes over any other.
        if (renderNode is not null && Renderer().Contains("llvmpipe", StringComparison.Ordinal))
        {
            _ = egl.eglMakeCurrent(display, 0, 0, 0);
            _ = egl.eglDestroyContext(display, context);
            why = $"render node {renderNode} has no GL driver but the rasterizer, which cannot read other devices' buffers there";
            return null;
        }

        return new EglContext(egl, display, context, extensions, renderNode);
    }

    private static string Renderer()
    {
        fixed (byte* name = "glGetString"u8)
        {
            var getString = (delegate* unmanaged<int, byte*>)GetProcAddress(name);
            return Marshal.PtrToStringUTF8((nint)getString(Gl.GlesConstants.GL_RENDERER)) ?? "";
        }
    }

    private static DeviceNumber? RenderNodeOf(EglCommands egl, nint device)
    {
        if (egl.eglQueryDeviceStringEXT == null)
        {
            return null;
        }

        string? path = Marshal.PtrToStringUTF8((nint)egl.eglQueryDeviceStringEXT(device, EGL_DRM_RENDER_NODE_FILE_EXT));
        _ = egl.eglGetError();
        return path is null ? null : DeviceNumber.Of(path);
    }

    private static int PlaneAttribute(int plane, int which) => which switch
    {
        < 3 => (plane < 3 ? EGL_DMA_BUF_PLANE0_FD_EXT + plane * 3 : EGL_DMA_BUF_PLANE3_FD_EXT) + which,
        _ => EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT + plane * 2 + which - 3,
    };
}
