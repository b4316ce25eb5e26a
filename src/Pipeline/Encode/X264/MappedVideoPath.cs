using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode.X264;

/// <summary>The CPU reads and converts linear DMA-BUFs, x264 encodes: a guest with gl=on where there is no GPU for it.</summary>
public sealed class MappedVideoPath : VideoPath
{
    /// <inheritdoc/>
    public override string Name => "cpu-mapped → x264";

    /// <inheritdoc/>
    public override bool Accepts(Scanout scanout) => MappedConverter.Reads(scanout);

    /// <inheritdoc/>
    public override bool Accepts(VideoFormat format) => format.Codec == VideoCodec.H264;

    /// <inheritdoc/>
    public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        converter = new MappedConverter();
        whyNot = null;
        return true;
    }

    /// <inheritdoc/>
    public override bool TryOpenEncoder(in EncoderSettings settings, [NotNullWhen(true)] out IVideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot)
    {
        bool opened = X264VideoEncoder.TryOpen(settings, out X264VideoEncoder? x264, out whyNot);
        encoder = x264;
        return opened;
    }
}
