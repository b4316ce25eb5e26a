using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode.X264;

/// <summary>The CPU reads and converts linear DMA-BUFs, x264 encodes: a guest with gl=on where there is no GPU for it.</summary>
public sealed class MappedVideoPath : X264VideoPath
{
    /// <inheritdoc/>
    public override string Name => "cpu-mapped → x264";

    /// <inheritdoc/>
    public override bool Accepts(Scanout scanout) => MappedConverter.Reads(scanout);

    /// <inheritdoc/>
    public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        converter = new MappedConverter();
        whyNot = null;
        return true;
    }
}
