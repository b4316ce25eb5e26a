using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

/// <summary>A path whose converter opens and then gives the same outcome for every picture.</summary>
internal sealed class FailingPath(ConvertOutcome outcome) : VideoPath
{
    private readonly CpuVideoPath _real = new();

    public int Opened { get; private set; }

    public override string Name => "failing";

    public override bool Accepts(Scanout scanout) => true;

    public override bool Accepts(VideoFormat format) => true;

    public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        Opened++;
        converter = new Converter(outcome);
        whyNot = null;
        return true;
    }

    public override bool TryOpenEncoder(in EncoderSettings settings, [NotNullWhen(true)] out IVideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot) =>
        _real.TryOpenEncoder(settings, out encoder, out whyNot);

    private sealed class Converter(ConvertOutcome outcome) : IFrameConverter
    {
        public string Name => "failing";

        public ConvertOutcome Convert(Scanout scanout, TileMap damage, PictureTarget target, TileMap changed) => outcome;

        public void Dispose()
        {
        }
    }
}
