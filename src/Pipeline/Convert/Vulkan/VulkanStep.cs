using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Interop.Gpu;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Vulkan;

/// <summary>Conversion on one Vulkan device, whose instance outlives the converter.</summary>
internal sealed class VulkanStep(VulkanPhysicalDevice physical) : GpuStep
{
    public override string Name => $"vulkan: {physical.Name}";

    public override string Capabilities =>
        $"{physical.Driver}; render node {physical.RenderNode?.ToString() ?? "none"}; dma-buf {YesNo(physical.ImportsDmaBuf)}, "
        + $"modifiers {YesNo(physical.ImportsModifiers)}, linear buffers {YesNo(physical.ImportsLinearBuffers)}, "
        + $"host memory {YesNo(physical.ImportsHostMemory)}, sync_file {YesNo(physical.ImportsSyncFiles)}, foreign queue {YesNo(physical.HasForeignQueue)}";

    public override bool IsSoftware => physical.Kind == GpuKind.Software;

    public override DeviceNumber? RenderNode => physical.RenderNode;

    /// <summary>Null when the device can read DMA-BUFs; else what it lacks.</summary>
    public static string? WhyUnfit(VulkanPhysicalDevice physical) =>
        !physical.HasCompute ? "no compute queue"
        : !physical.ImportsDmaBuf ? "no VK_EXT_external_memory_dma_buf"
        : !physical.ImportsLinearBuffers && !physical.ImportsModifiers ? "imports neither linear buffers nor images with a modifier"
        : null;

    public override bool Reads(Scanout scanout) => scanout switch
    {
        DmaBufScanout { Modifier: DmaBufScanout.InvalidModifier } => false, // only GL asks the kernel object for its tiling
        DmaBufScanout => true,
        CpuScanout => physical.ImportsHostMemory,
        _ => false,
    };

    public override bool TryOpen([NotNullWhen(true)] out IGpuConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        converter = null;
        VulkanDevice? device = null;
        try
        {
            device = new VulkanDevice(physical);
            converter = new VulkanConverter(device);
            whyNot = null;
            return true;
        }
        catch (GpuSetupException e)
        {
            device?.Dispose();
            whyNot = e.Message;
            return false;
        }
    }

    private static string YesNo(bool has) => has ? "yes" : "no";
}
