using QemuZeroCopy.Interop.Gl;
using QemuZeroCopy.Interop.Gpu;
using QemuZeroCopy.Pipeline.Convert.Gpu;

namespace QemuZeroCopy.Pipeline.Convert.Gl;

/// <summary>
/// Where the shader writes: a buffer that mirrors a host picture, or one from which two planes of a surface are then
/// drawn. GLES has no storage buffers over DMA-BUFs, and not every driver stores into images over them.
/// </summary>
internal sealed class GlTarget : IDisposable
{
    private GlTarget(TargetPlanes planes) => Planes = planes;

    public TargetPlanes Planes { get; }

    public required GlesBuffer Buffer { get; init; }

    public GlesImage? Luma { get; private init; }

    public GlesImage? Chroma { get; private init; }

    public static GpuOutcome Import(GlesDevice device, PictureTarget picture, out GlTarget? target)
    {
        target = null;
        switch (picture)
        {
            case HostPicture host when (long)host.AllocatedBytes <= device.MaxStorageBufferRange:
                target = new GlTarget(TargetPlanes.Of(host)) { Buffer = new GlesBuffer(device, (long)host.AllocatedBytes) };
                return GpuOutcome.Ok;
            case DmaBufPicture surface:
                return ImportSurface(device, surface, out target);
            default:
                return GpuOutcome.Unsupported;
        }
    }

    public void Dispose()
    {
        Buffer.Dispose();
        Luma?.Dispose();
        Chroma?.Dispose();
    }

    private static GpuOutcome ImportSurface(GlesDevice device, DmaBufPicture surface, out GlTarget? target)
    {
        const uint R8 = 0x2020_3852, Gr88 = 0x3838_5247; // drm_fourcc.h
        target = null;
        if (surface.Modifier == 0 && TargetPlanes.Of(surface) is null)
            return GpuOutcome.Unsupported;
        int width = (surface.Size.Width + 1) & ~1, height = (surface.Size.Height + 1) & ~1;
        GpuOutcome outcome = GlesImage.ImportDmaBuf(
            device, width, height, R8, surface.Modifier,
            [new ImportedPlane(surface.Luma.Fd, surface.Luma.OffsetBytes, surface.Luma.StrideBytes)], forWriting: true, out GlesImage? luma);
        if (outcome != GpuOutcome.Ok)
            return outcome;
        outcome = GlesImage.ImportDmaBuf(
            device, width / 2, height / 2, Gr88, surface.Modifier,
            [new ImportedPlane(surface.Chroma.Fd, surface.Chroma.OffsetBytes, surface.Chroma.StrideBytes)], forWriting: true, out GlesImage? chroma);
        if (outcome != GpuOutcome.Ok)
        {
            luma!.Dispose();
            return outcome;
        }

        TargetPlanes planes = TargetPlanes.For(surface.Size);
        target = new GlTarget(planes) { Buffer = new GlesBuffer(device, planes.SizeBytes), Luma = luma, Chroma = chroma };
        return GpuOutcome.Ok;
    }
}
