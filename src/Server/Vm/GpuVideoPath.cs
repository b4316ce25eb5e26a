using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Vm;

/// <summary>Conversion on a GPU, encoding by x264: for a GPU without a video encoder.</summary>
internal sealed class GpuVideoPath(GpuStep step) : X264VideoPath
{
    /// <inheritdoc/>
    public override string Name => $"{step.Name} → x264";

    /// <inheritdoc/>
    public override bool Accepts(Scanout scanout) => step.Reads(scanout);

    /// <inheritdoc/>
    public override bool Accepts(VideoFormat format) => format is { Codec: VideoCodec.H264, Chroma: ChromaFormat.Yuv420 };

    /// <inheritdoc/>
    public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        bool opened = step.TryOpen(out IGpuConverter? gpu, out whyNot);
        converter = gpu;
        return opened;
    }
}
