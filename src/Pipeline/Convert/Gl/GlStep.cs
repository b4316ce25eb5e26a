using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Interop.Egl;
using QemuZeroCopy.Interop.Gl;
using QemuZeroCopy.Interop.Gpu;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Gl;

/// <summary>Conversion by GLES on the device of a render node.</summary>
internal sealed class GlStep : GpuStep
{
    private readonly DeviceNumber? _wanted;

    private GlStep(DeviceNumber? wanted, GlesDevice device)
    {
        _wanted = wanted;
        Name = $"gl: {device.Renderer}";
        RenderNode = device.Egl.RenderNode;
        IsSoftware = device.Renderer.Contains("llvmpipe", StringComparison.Ordinal) || device.Renderer.Contains("softpipe", StringComparison.Ordinal);
        Capabilities = $"render node {RenderNode?.ToString() ?? "none"}; dma-buf yes, modifiers {(device.Egl.ImportsModifiers ? "yes" : "no")}, "
            + $"external textures {(device.ReadsExternal ? "yes" : "no")}, host memory no";
    }

    public override string Name { get; }

    public override string Capabilities { get; }

    public override bool IsSoftware { get; }

    public override DeviceNumber? RenderNode { get; }

    /// <summary>Opens and closes the device to see what it is. Null with the reason where there is none.</summary>
    public static GlStep? TryFind(DeviceNumber? renderNode, out string why)
    {
        try
        {
            if (!EglContext.TryCreate(renderNode, out EglContext? context, out why))
                return null;
            using var device = new GlesDevice(context);
            return new GlStep(renderNode, device);
        }
        catch (GpuSetupException e)
        {
            why = e.Message;
            return null;
        }
    }

    public override bool Reads(Scanout scanout) => scanout is DmaBufScanout;

    public override bool TryOpen([NotNullWhen(true)] out IGpuConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        converter = null;
        try
        {
            if (!EglContext.TryCreate(_wanted, out EglContext? context, out string why))
            {
                whyNot = why;
                return false;
            }

            converter = new GlConverter(new GlesDevice(context));
            whyNot = null;
            return true;
        }
        catch (GpuSetupException e)
        {
            whyNot = e.Message;
            return false;
        }
    }
}
