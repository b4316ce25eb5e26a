using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Vulkan;

/// <summary>An imported scanout: a buffer with its first pixel's offset and stride, or an image.</summary>
internal readonly record struct VulkanSource(VulkanBuffer? Buffer, VulkanImage? Image, uint OffsetBytes, uint StrideBytes);

/// <summary>
/// The imports of what QEMU shows. A guest flips between a few buffers, so imports are kept by the dma-buf's inode,
/// which cannot be reused while the import holds the buffer. Used between two waits for the GPU, so whatever is
/// dropped here is idle.
/// </summary>
internal sealed class VulkanSources(VulkanDevice device) : IDisposable
{
    // Triple buffering, twice: while a guest changes its mode the old set is still among the new one.
    private const int Capacity = 6;
    private const long ForgottenAfterFrames = 120;

    private readonly Entry[] _entries = new Entry[Capacity];
    private CpuScanout? _hostScanout;
    private VulkanBuffer? _hostBuffer;
    private nint _hostBase;
    private long _frame;

    /// <summary>Imports done since the start; a buffer that is known costs none.</summary>
    public long ImportsDone { get; private set; }

    public ConvertOutcome Get(Scanout scanout, out VulkanSource source)
    {
        _frame++;
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
        foreach (ref Entry entry in _entries.AsSpan())
            entry.Drop();
    }

    private ConvertOutcome GetDmaBuf(DmaBufScanout scanout, out VulkanSource source)
    {
        source = default;
        if (scanout.Planes.Length is 0 or > ScanoutBounds.MaxPlanes)
            return ConvertOutcome.BadScanout;
        var key = new Key(scanout.BufferId, scanout.Format, scanout.Modifier, scanout.BackingSize, scanout.Planes[0].OffsetBytes, scanout.Planes[0].StrideBytes);
        foreach (ref Entry entry in _entries.AsSpan())
        {
            if (entry.IsUsed && entry.Key == key)
            {
                // The crop may have moved within the same buffer: it is checked against what was imported.
                if (entry.Buffer is not null && ScanoutBounds.LinearExtent(scanout) is var extent && (extent == 0 || extent > entry.Buffer.Size))
                    return ConvertOutcome.BadScanout;
                entry.LastUse = _frame;
                source = Describe(entry, scanout);
                return ConvertOutcome.Converted;
            }
        }

        if (!ScanoutBounds.AreSound(scanout))
            return ConvertOutcome.BadScanout;
        GpuOutcome outcome = Import(scanout, out Entry imported);
        if (outcome != GpuOutcome.Ok)
            return VulkanConverter.ToConvertOutcome(outcome);
        ImportsDone++;
        imported.Key = key;
        imported.LastUse = _frame;
        TakeSlot() = imported;
        source = Describe(imported, scanout);
        return ConvertOutcome.Converted;
    }

    private GpuOutcome Import(DmaBufScanout scanout, out Entry entry)
    {
        entry = default;
        GpuOutcome outcome = GpuOutcome.Unsupported;
        if (scanout.Modifier == 0 && scanout.Planes.Length == 1 && scanout.Planes[0] is { OffsetBytes: var offset, StrideBytes: var stride }
            && PixelLayout.Of(scanout.Format) is not null)
        {
            ulong wanted = offset + (ulong)stride * (ulong)scanout.BackingSize.Height;
            ulong size = (Math.Min(wanted, (ulong)DmaBuf.SizeOf(scanout.Planes[0].Fd)) + 3) & ~3UL;
            if (size <= device.Physical.MaxStorageBufferRange)
                outcome = VulkanBuffer.ImportDmaBuf(device, scanout.Planes[0].Fd, size, out entry.Buffer);
        }

        if (outcome == GpuOutcome.Unsupported && FormatOf(scanout.Format) is { } format && LieInOneBuffer(scanout))
        {
            Span<ImportedPlane> planes = new ImportedPlane[ScanoutBounds.MaxPlanes];
            for (int i = 0; i < scanout.Planes.Length; i++)
                planes[i] = new ImportedPlane(scanout.Planes[i].Fd, scanout.Planes[i].OffsetBytes, scanout.Planes[i].StrideBytes);
            outcome = VulkanImage.ImportDmaBuf(
                device, format, scanout.BackingSize.Width, scanout.BackingSize.Height, scanout.Modifier,
                planes[..scanout.Planes.Length], forWriting: false, out entry.Image);
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

    /// <summary>A free slot, made free if need be by dropping the least recently used import and all forgotten ones.</summary>
    private ref Entry TakeSlot()
    {
        int oldest = 0;
        for (int i = 0; i < _entries.Length; i++)
        {
            if (_entries[i].IsUsed && _frame - _entries[i].LastUse > ForgottenAfterFrames)
                _entries[i].Drop();
            if (!_entries[i].IsUsed || (_entries[oldest].IsUsed && _entries[i].LastUse < _entries[oldest].LastUse))
                oldest = i;
        }

        _entries[oldest].Drop();
        return ref _entries[oldest];
    }

    private static VulkanSource Describe(in Entry entry, DmaBufScanout scanout)
    {
        DmaBufPlane plane = scanout.Planes[0];
        uint pixel = (uint)PixelFormats.BytesPerPixel(scanout.Format);
        return new VulkanSource(
            entry.Buffer, entry.Image, plane.OffsetBytes + (uint)scanout.Y * plane.StrideBytes + (uint)scanout.X * pixel, plane.StrideBytes);
    }

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

    private readonly record struct Key(ulong BufferId, PixelFormat Format, ulong Modifier, PictureSize BackingSize, uint OffsetBytes, uint StrideBytes);

    private struct Entry
    {
        public Key Key;
        public VulkanBuffer? Buffer;
        public VulkanImage? Image;
        public long LastUse;

        public readonly bool IsUsed => Buffer is not null || Image is not null;

        public void Drop()
        {
            Buffer?.Dispose();
            Image?.Dispose();
            this = default;
        }
    }
}
