using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert.Gl;
using QemuZeroCopy.Pipeline.Convert.Vulkan;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>
/// The GPUs that can convert, best first, chosen by what their drivers say they can do; nothing is measured at run
/// time. `qzc doctor` prints <see cref="Findings"/>, the server makes a video path of each step. Must outlive every
/// converter that its steps open.
/// </summary>
public sealed class GpuChain : IDisposable
{
    private readonly List<GpuStep> _steps = [];
    private readonly List<string> _findings = [];
    private VulkanInstance? _instance;

    /// <summary>Looks for devices.</summary>
    /// <param name="choice">`--gpu`.</param>
    /// <param name="renderNode">`--render-node`: a path such as /dev/dri/renderD128 to which the chain is confined; null for any.</param>
    public GpuChain(GpuChoice choice, string? renderNode = null)
    {
        DeviceNumber? node = renderNode is null ? null : DeviceNumber.Of(renderNode);
        if (choice == GpuChoice.None)
        {
            _findings.Add("gpu: none, as asked for");
            return;
        }

        if (renderNode is not null && node is null)
        {
            _findings.Add($"gpu: {renderNode} is no device; see /dev/dri, or leave --render-node out");
            return;
        }

        if (choice != GpuChoice.Gl)
            FindVulkan(node);
        if (choice != GpuChoice.Vulkan)
            FindGl(node);

        // What runs on the CPU anyway goes last: it is there for scanouts that nothing else can read.
        List<GpuStep> ordered = [.. _steps.Where(step => !step.IsSoftware), .. _steps.Where(step => step.IsSoftware)];
        _steps = ordered;
    }

    /// <summary>The steps to try, in this order; empty where there is no GPU or none is wanted.</summary>
    public IReadOnlyList<GpuStep> Steps => _steps;

    /// <summary>One line for each device or driver that was looked at: what it can do, or why it is not used.</summary>
    public IReadOnlyList<string> Findings => _findings;

    /// <summary>Frees the Vulkan instance.</summary>
    public void Dispose() => _instance?.Dispose();

    private void FindVulkan(DeviceNumber? node)
    {
        if (!VulkanInstance.TryCreate(out _instance, out string why))
        {
            _findings.Add($"vulkan: {why}");
            return;
        }

        foreach (VulkanPhysicalDevice device in _instance.Devices.OrderBy(device => device.Kind))
        {
            // A rasterizer has no node of its own and reads the buffers of any.
            string? unfit = node is not null && device.RenderNode != node && device.Kind != GpuKind.Software
                ? $"not the device of render node {node}"
                : VulkanStep.WhyUnfit(device);
            if (unfit is null)
                Add(new VulkanStep(device));
            else
                _findings.Add($"vulkan: {device.Name}: not used: {unfit}");
        }
    }

    private void FindGl(DeviceNumber? node)
    {
        if (GlStep.TryFind(node, out string why) is { } step)
            Add(step);
        else
            _findings.Add($"gl: {why}");
    }

    private void Add(GpuStep step)
    {
        _steps.Add(step);
        _findings.Add($"{step.Name}: {step.Capabilities}");
    }
}
