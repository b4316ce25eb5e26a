using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

/// <summary>The CPU's path, with a guest that draws just when a picture has been read.</summary>
internal sealed class OvertakingPath(Action<int> afterRead) : VideoPath
{
    private readonly CpuVideoPath _real = new();

    public override string Name => "overtaken";

    public override bool Accepts(Scanout scanout) => _real.Accepts(scanout);

    public override bool Accepts(VideoFormat format) => _real.Accepts(format);

    public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        bool opened = _real.TryOpenConverter(out IFrameConverter? real, out whyNot);
        converter = opened ? new Converter(real!, afterRead) : null;
        return opened;
    }

    public override bool TryOpenEncoder(in EncoderSettings settings, [NotNullWhen(true)] out IVideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot) =>
        _real.TryOpenEncoder(settings, out encoder, out whyNot);

    private sealed class Converter(IFrameConverter real, Action<int> afterRead) : IFrameConverter
    {
        private int _reads;

        public string Name => real.Name;

        public ConvertOutcome Convert(Scanout scanout, TileMap damage, PictureTarget target, TileMap changed)
        {
            ConvertOutcome outcome = real.Convert(scanout, damage, target, changed);
            afterRead(_reads++);
            return outcome;
        }

        public void Dispose() => real.Dispose();
    }
}
