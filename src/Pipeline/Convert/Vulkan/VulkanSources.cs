using QemuZeroCopy.Interop.Gpu;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Vulkan;

/// <summary>An imported scanout: a buffer with its first pixel's offset and stride, or an image.</summary>
internal readonly record struct VulkanSource(VulkanBuffer? Buffer, VulkanImage? Image, uint OffsetBytes, uint StrideBytes);

/// <summary>Imports scanouts: dma-bufs through a cache, host memory as long as its scanout is the current one.</summary>
internal sealed class VulkanSources(VulkanDevice device, bool preferImages) : IDisposable
{
    private readonly ImportCache<Import> _cache = new();
    private CpuScanout? _hostScanout;
    private VulkanBuffer? _hostBuffer;
    private nint _hostBase;

    /// <summary>Imports done since the start; a buffer that is known costs none.</summary>
    public long ImportsDone { get; private set; }

    public ConvertOutcome Get(Scanout scanout, out VulkanSource source)
    {
        source = default;
        switch (scanout)
        {
            case DmaBufScanout dmaBuf:
                ReleaseHost();
                return GetDmaBuf(dmaBuf, out source);
            case CpuScanout host:
                return GetHost(host, out source);
            default:
                return ConvertOutcome.Unsupported;
        }
    }

    public void Dispose()
    {
        ReleaseHost();
        _cache.Dispose();
    }

    private ConvertOutcome GetDmaBuf(DmaBufScanout scanout, out VulkanSource source)
    {
        source = default;
        if (!ScanoutBounds.IsPlausible(scanout))
            return ConvertOutcome.BadScanout;
        ImportKey key = ImportKey.Of(scanout);
        Import? import = _cache.Find(key);
        if (import is null)
        {
            if (!ScanoutBounds.FitMemory(scanout))
                return ConvertOutcome.BadScanout;
            GpuOutcome outcome = DoImport(scanout, out VulkanBuffer? buffer, out VulkanImage? image);
            if (outcome != GpuOutcome.Ok)
                return GpuOutcomes.ToConvertOutcome(outcome);
            ImportsDone++;
            import = new Import(buffer, image);
            _cache.Add(key, import);
        }

        DmaBufPlane plane = scanout.Planes[0];
        uint crop = (uint)scanout.Y * plane.StrideBytes + (uint)scanout.X * (uint)PixelFormats.BytesPerPixel(scanout.Format);
        source = new VulkanSource(import.Buffer, import.Image, plane.OffsetBytes + crop, plane.StrideBytes);
        return ConvertOutcome.Converted;
    }

    private GpuOutcome DoImport(DmaBufScanout scanout, out VulkanBuffer? buffer, out VulkanImage? image)
    {
        (buffer, image) = (null, null);
        GpuOutcome outcome = GpuOutcome.Unsupported;
        if (!preferImages && scanout.Modifier == 0 && scanout.Planes.Length == 1 && PixelLayout.Of(scanout.Format) is not null)
        {
            // Shaders read whole words: a picture may end within the last one, a buffer object ends with a page.
            ulong size = (ScanoutBounds.LinearExtent(scanout) + 3) & ~3UL;
            if (size <= device.Physical.MaxStorageBufferRange)
                outcome = VulkanBuffer.ImportDmaBuf(device, scanout.Planes[0].Fd, size, out buffer);
        }

        if (outcome == GpuOutcome.Unsupported && FormatOf(scanout.Format) is { } format && LieInOneBuffer(scanout))
        {
            Span<ImportedPlane> planes = new ImportedPlane[scanout.Planes.Length];
            for (int i = 0; i < planes.Length; i++)
                planes[i] = new ImportedPlane(scanout.Planes[i].Fd, scanout.Planes[i].OffsetBytes, scanout.Planes[i].StrideBytes);
            outcome = VulkanImage.ImportDmaBuf(
                device, format, scanout.BackingSize.Width, scanout.BackingSize.Height, scanout.Modifier, planes, forWriting: false, out image);
        }

        return outcome;
    }

    private ConvertOutcome GetHost(CpuScanout scanout, out VulkanSource source)
    {
        source = default;
        if (PixelLayout.Of(scanout.Format) is null)
            return ConvertOutcome.Unsupported;
        if (!ReferenceEquals(scanout, _hostScanout))
        {
            ReleaseHost();
            nint mask = (nint)device.Physical.HostPointerAlignment - 1;
            nint start = scanout.Pixels & ~mask;
            nint end = (scanout.Pixels + (nint)scanout.Stride * scanout.Size.Height + mask) & ~mask;
            if (end - start > device.Physical.MaxStorageBufferRange)
                return ConvertOutcome.Unsupported;
            GpuOutcome outcome = VulkanBuffer.ImportHostMemory(device, start, (ulong)(end - start), out _hostBuffer);
            if (outcome != GpuOutcome.Ok)
                return outcome == GpuOutcome.DeviceLost ? ConvertOutcome.DeviceLost : ConvertOutcome.Unsupported;
            ImportsDone++;
            scanout.AddReference();
            (_hostScanout, _hostBase) = (scanout, start);
        }

        source = new VulkanSource(_hostBuffer, null, (uint)(scanout.Pixels - _hostBase), (uint)scanout.Stride);
        return ConvertOutcome.Converted;
    }

    private void ReleaseHost()
    {
        _hostBuffer?.Dispose();
        _hostScanout?.Release();
        (_hostBuffer, _hostScanout) = (null, null);
    }

    // Planes in several buffers (VK_IMAGE_CREATE_DISJOINT_BIT) are not made by any RGB exporter known: refused.
    private static bool LieInOneBuffer(DmaBufScanout scanout)
    {
        ulong first = FileIdentity.InodeOf(scanout.Planes[0].Fd);
        foreach (DmaBufPlane plane in scanout.Planes[1..])
        {
            if (FileIdentity.InodeOf(plane.Fd) != first)
                return false;
        }

        return true;
    }

    private static GpuFormat? FormatOf(PixelFormat format) => format switch
    {
        PixelFormat.Xrgb8888 or PixelFormat.Argb8888 => GpuFormat.B8G8R8A8,
        PixelFormat.Xbgr8888 or PixelFormat.Abgr8888 => GpuFormat.R8G8B8A8,
        PixelFormat.Rgbx8888 or PixelFormat.Rgba8888 => GpuFormat.A8B8G8R8,
        PixelFormat.Bgrx8888 or PixelFormat.Bgra8888 => GpuFormat.A8R8G8B8,
        PixelFormat.Xrgb2101010 or PixelFormat.Argb2101010 => GpuFormat.A2R10G10B10,
        PixelFormat.Xbgr2101010 or PixelFormat.Abgr2101010 => GpuFormat.A2B10G10R10,
        _ => null,
    };

    private sealed class Import(VulkanBuffer? buffer, VulkanImage? image) : IDisposable
    {
        public VulkanBuffer? Buffer { get; } = buffer;

        public VulkanImage? Image { get; } = image;

        public void Dispose()
        {
            Buffer?.Dispose();
            Image?.Dispose();
        }
    }
}
