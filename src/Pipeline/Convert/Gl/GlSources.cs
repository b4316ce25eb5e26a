using QemuZeroCopy.Interop.Gl;
using QemuZeroCopy.Interop.Gpu;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Gl;

/// <summary>Imports DMA-BUF scanouts as textures, through the cache. GLES has no way to read host memory in place.</summary>
internal sealed class GlSources(GlesDevice device) : IDisposable
{
    private readonly ImportCache<GlesImage> _cache = new();

    /// <summary>Imports done since the start; a buffer that is known costs none.</summary>
    public long ImportsDone { get; private set; }

    public ConvertOutcome Get(Scanout scanout, out GlesImage? image)
    {
        image = null;
        if (scanout is not DmaBufScanout dmaBuf)
            return ConvertOutcome.Unsupported;
        if (!ScanoutBounds.IsPlausible(dmaBuf))
            return ConvertOutcome.BadScanout;
        ImportKey key = ImportKey.Of(dmaBuf);
        image = _cache.Find(key);
        if (image is not null)
            return ConvertOutcome.Converted;
        if (!ScanoutBounds.FitMemory(dmaBuf))
            return ConvertOutcome.BadScanout;

        Span<ImportedPlane> planes = new ImportedPlane[dmaBuf.Planes.Length];
        for (int i = 0; i < planes.Length; i++)
            planes[i] = new ImportedPlane(dmaBuf.Planes[i].Fd, dmaBuf.Planes[i].OffsetBytes, dmaBuf.Planes[i].StrideBytes);
        GpuOutcome outcome = dmaBuf.Modifier == 0 && planes.Length > 1
            ? GpuOutcome.Unsupported
            : GlesImage.ImportDmaBuf(
                device, dmaBuf.BackingSize.Width, dmaBuf.BackingSize.Height, (uint)dmaBuf.Format, dmaBuf.Modifier, planes, forWriting: false, out image);
        if (outcome != GpuOutcome.Ok)
            return GpuOutcomes.ToConvertOutcome(outcome);
        ImportsDone++;
        _cache.Add(key, image!);
        return ConvertOutcome.Converted;
    }

    public void Dispose() => _cache.Dispose();
}
