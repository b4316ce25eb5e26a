using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Interop.X264;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode.X264;

/// <summary>The way that every machine has: the CPU converts, x264 encodes. The last path of any list.</summary>
public sealed class CpuVideoPath : X264VideoPath
{
    /// <inheritdoc/>
    public override string Name => "cpu → x264";

    /// <summary>Whether libx264 is installed; else one line that says what to do.</summary>
    public static bool IsAvailable(out string? whyNot) => X264Encoder.IsAvailable(out whyNot);

    /// <inheritdoc/>
    public override bool Accepts(Scanout scanout) => scanout is CpuScanout;

    /// <inheritdoc/>
    public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        converter = new CpuConverter();
        whyNot = null;
        return true;
    }
}
