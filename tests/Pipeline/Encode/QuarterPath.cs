using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

/// <summary>The CPU's path without 4:4:4, as hardware encoders are.</summary>
internal sealed class QuarterPath : VideoPath
{
    private readonly CpuVideoPath _real = new();

    public override string Name => "quarter";

    public override bool Accepts(Scanout scanout) => _real.Accepts(scanout);

    public override bool Accepts(VideoFormat format) => format.Chroma == ChromaFormat.Yuv420;

    public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot) =>
        _real.TryOpenConverter(out converter, out whyNot);

    public override bool TryOpenEncoder(in EncoderSettings settings, [NotNullWhen(true)] out IVideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot) =>
        _real.TryOpenEncoder(settings, out encoder, out whyNot);
}
