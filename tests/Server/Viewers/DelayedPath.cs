using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Tests.Viewers;

/// <summary>The real CPU path, slowed down where a test wants it.</summary>
internal sealed class DelayedPath(TimeSpan importDelay, TimeSpan converterDelay, TimeSpan encoderDelay) : VideoPath
{
    private readonly CpuVideoPath _real = new();

    public override string Name => "delayed";

    public override bool Accepts(Scanout scanout) => _real.Accepts(scanout);

    public override bool Accepts(VideoFormat format) => _real.Accepts(format);

    public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        converter = _real.TryOpenConverter(out IFrameConverter? real, out whyNot) ? new Converter(real, importDelay, converterDelay) : null;
        return converter is not null;
    }

    public override bool TryOpenEncoder(in EncoderSettings settings, [NotNullWhen(true)] out IVideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot)
    {
        encoder = _real.TryOpenEncoder(settings, out IVideoEncoder? real, out whyNot) ? new Encoder(real, encoderDelay) : null;
        return encoder is not null;
    }

    private sealed class Converter(IFrameConverter real, TimeSpan importDelay, TimeSpan delay) : IFrameConverter
    {
        public string Name => real.Name;

        public long LastImportNs { get; private set; }

        public ConvertOutcome Convert(Scanout scanout, TileMap damage, PictureTarget target, TileMap changed)
        {
            long startNs = MonotonicClock.NowNs;
            Thread.Sleep(importDelay);
            LastImportNs = MonotonicClock.NowNs - startNs;
            Thread.Sleep(delay);
            return real.Convert(scanout, damage, target, changed);
        }

        public void Dispose() => real.Dispose();
    }

    private sealed class Encoder(IVideoEncoder real, TimeSpan delay) : IVideoEncoder
    {
        public string Name => real.Name;

        public VideoCodec Codec => real.Codec;

        public PictureTarget AcquireTarget() => real.AcquireTarget();

        public EncodeOutcome Encode(PictureTarget picture, TileMap changed, EncodeRequest request, EncodedFrame frame)
        {
            Thread.Sleep(delay);
            return real.Encode(picture, changed, request, frame);
        }

        public void SetRate(int bitsPerSecond, int framesPerSecond) => real.SetRate(bitsPerSecond, framesPerSecond);

        public void Dispose() => real.Dispose();
    }
}
