using QemuZeroCopy.Interop.Gpu;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Vulkan;

/// <summary>Where the shader writes: two buffers (perhaps one and the same), or two images.</summary>
internal sealed class VulkanTarget : IDisposable
{
    public VulkanBuffer? LumaBuffer { get; init; }

    public VulkanBuffer? ChromaBuffer { get; init; }

    public VulkanImage? LumaImage { get; init; }

    public VulkanImage? ChromaImage { get; init; }

    public required TargetPlanes Planes { get; init; }

    /// <summary>Host memory that could not be imported: <see cref="LumaBuffer"/> is a copy of it, to be copied back.</summary>
    public bool IsStaged { get; init; }

    public void Dispose()
    {
        LumaBuffer?.Dispose();
        if (!ReferenceEquals(LumaBuffer, ChromaBuffer))
            ChromaBuffer?.Dispose();
        LumaImage?.Dispose();
        ChromaImage?.Dispose();
    }
}

/// <summary>Imports what an encoder wants written.</summary>
internal sealed class VulkanTargets(VulkanDevice device, bool preferImages) : IDisposable
{
    private readonly TargetCache<VulkanTarget> _cache = new();

    /// <summary>The import of a target. <paramref name="isNew"/>: nothing has been written to it from here.</summary>
    public ConvertOutcome Get(PictureTarget picture, out VulkanTarget? target, out bool isNew)
    {
        target = _cache.Find(picture);
        isNew = target is null;
        if (!isNew)
            return ConvertOutcome.Converted;
        GpuOutcome outcome = picture switch
        {
            HostPicture host => ImportHost(host, out target),
            DmaBufPicture surface => ImportSurface(surface, out target),
            _ => Refuse(out target),
        };
        if (outcome != GpuOutcome.Ok || target is null)
            return outcome == GpuOutcome.DeviceLost ? ConvertOutcome.DeviceLost : ConvertOutcome.Unsupported;
        _cache.Add(picture, target);
        return ConvertOutcome.Converted;
    }

    public void Dispose() => _cache.Dispose();

    private static GpuOutcome Refuse(out VulkanTarget? target)
    {
        target = null;
        return GpuOutcome.Unsupported;
    }

    private unsafe GpuOutcome ImportHost(HostPicture picture, out VulkanTarget? target)
    {
        GpuOutcome outcome = VulkanBuffer.ImportHostMemory(device, (nint)picture.Luma, picture.AllocatedBytes, out VulkanBuffer? buffer);
        bool staged = outcome is GpuOutcome.Unsupported or GpuOutcome.BadMemory;
        if (staged)
        {
            buffer = VulkanBuffer.AllocateShared(device, picture.AllocatedBytes);
            outcome = GpuOutcome.Ok;
        }

        target = outcome != GpuOutcome.Ok ? null : new VulkanTarget
        {
            LumaBuffer = buffer,
            ChromaBuffer = buffer,
            Planes = TargetPlanes.Of(picture),
            IsStaged = staged,
        };
        return outcome;
    }

    private GpuOutcome ImportSurface(DmaBufPicture picture, out VulkanTarget? target)
    {
        target = null;
        if (picture.Modifier != 0 || preferImages)
            return ImportImages(picture, out target);
        if (TargetPlanes.Of(picture) is not { } planes)
            return GpuOutcome.Unsupported;
        ulong lumaBytes = (ulong)DmaBuf.SizeOf(picture.Luma.Fd) & ~3UL, chromaBytes = (ulong)DmaBuf.SizeOf(picture.Chroma.Fd) & ~3UL;
        GpuOutcome outcome = VulkanBuffer.ImportDmaBuf(device, picture.Luma.Fd, lumaBytes, out VulkanBuffer? luma);
        if (outcome != GpuOutcome.Ok)
            return outcome;
        VulkanBuffer? chroma = luma;
        if (FileIdentity.InodeOf(picture.Luma.Fd) != FileIdentity.InodeOf(picture.Chroma.Fd))
            outcome = VulkanBuffer.ImportDmaBuf(device, picture.Chroma.Fd, chromaBytes, out chroma);
        if (outcome != GpuOutcome.Ok)
        {
            luma!.Dispose();
            return outcome;
        }

        target = new VulkanTarget { LumaBuffer = luma, ChromaBuffer = chroma, Planes = planes };
        return GpuOutcome.Ok;
    }

    private GpuOutcome ImportImages(DmaBufPicture picture, out VulkanTarget? target)
    {
        target = null;
        if (!device.WritesSmallImages)
            return GpuOutcome.Unsupported;
        int width = (picture.Size.Width + 1) & ~1, height = (picture.Size.Height + 1) & ~1;
        GpuOutcome outcome = VulkanImage.ImportDmaBuf(
            device, GpuFormat.R8, width, height, picture.Modifier,
            [new ImportedPlane(picture.Luma.Fd, picture.Luma.OffsetBytes, picture.Luma.StrideBytes)], forWriting: true, out VulkanImage? luma);
        if (outcome != GpuOutcome.Ok)
            return outcome;
        outcome = VulkanImage.ImportDmaBuf(
            device, GpuFormat.R8G8, width / 2, height / 2, picture.Modifier,
            [new ImportedPlane(picture.Chroma.Fd, picture.Chroma.OffsetBytes, picture.Chroma.StrideBytes)], forWriting: true, out VulkanImage? chroma);
        if (outcome != GpuOutcome.Ok)
        {
            luma!.Dispose();
            return outcome;
        }

        target = new VulkanTarget
        {
            LumaImage = luma,
            ChromaImage = chroma,
            Planes = new TargetPlanes((uint)((width + 3) & ~3), (uint)height, 0, 0, 0, 0),
        };
        return GpuOutcome.Ok;
    }
}
