using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>One GPU step into x264, DMA-BUFs only; keeps the converter's figures within reach.</summary>
internal sealed class LabPath(GpuStep step) : X264VideoPath
{
    public IGpuConverter? Converter { get; private set; }

    public override string Name => $"{step.Name} → x264";

    public override bool Accepts(Scanout scanout) => scanout is DmaBufScanout && step.Reads(scanout);

    public override bool Accepts(VideoFormat format) => format == VideoFormat.Default;

    public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        bool opened = step.TryOpen(out IGpuConverter? gpu, out whyNot);
        converter = Converter = gpu;
        return opened;
    }
}
