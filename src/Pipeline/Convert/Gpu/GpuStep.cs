using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>One way to convert on a GPU, found by <see cref="GpuChain"/>; not open yet.</summary>
public abstract class GpuStep
{
    /// <summary>Short name for logs and `qzc doctor`, such as "vulkan: AMD Radeon RX 7600".</summary>
    public abstract string Name { get; }

    /// <summary>What the driver can and cannot do, in one line for `qzc doctor`.</summary>
    public abstract string Capabilities { get; }

    /// <summary>Whether the "GPU" is the CPU: correct, and slower than the CPU's own path.</summary>
    public abstract bool IsSoftware { get; }

    /// <summary>The render node, on which the encoder should be too; null where the driver names none.</summary>
    public abstract DeviceNumber? RenderNode { get; }

    /// <summary>Whether it reads scanouts of this kind at all. Cheap.</summary>
    public abstract bool Reads(Scanout scanout);

    /// <summary>Opens the device on the calling thread, to which the converter belongs. False with what failed and what to do.</summary>
    public abstract bool TryOpen([NotNullWhen(true)] out IGpuConverter? converter, [NotNullWhen(false)] out string? whyNot);
}
