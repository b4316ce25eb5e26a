using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

/// <summary>A real path, which tells what its threads do and lets a test hold them.</summary>
internal sealed class WatchedPath(VideoPath real) : VideoPath
{
    private readonly List<string> _events = [];
    private readonly object _gate = new();
    private int _conversions, _encodes;

    /// <summary>Runs before a converter or an encoder is opened, with which of them.</summary>
    public Action<string> Opening { get; init; } = static _ => { };

    /// <summary>Runs before a converter or an encoder is closed, with which of them.</summary>
    public Action<string> Closing { get; init; } = static _ => { };

    /// <summary>What a conversion comes to, in place of what it came to in truth.</summary>
    public Func<ConvertOutcome, ConvertOutcome> Judging { get; init; } = static outcome => outcome;

    /// <summary>Runs before each conversion and after it, with its number.</summary>
    public Action<int> Converting { get; init; } = static _ => { };

    /// <inheritdoc cref="Converting"/>
    public Action<int> Converted { get; init; } = static _ => { };

    /// <summary>Runs in the encoder's place, before it, with the number of the picture.</summary>
    public Action<int> Encoding { get; init; } = static _ => { };

    /// <summary>Whether the converter says that threads may call it in turn.</summary>
    public bool MovesBetweenThreads { get; init; } = true;

    /// <summary>Conversions and encodes in order, each with the name of its thread.</summary>
    public IReadOnlyList<string> Events
    {
        get
        {
            lock (_gate)
                return [.. _events];
        }
    }

    public override string Name => real.Name;

    public override bool OpensBesideAnother => real.OpensBesideAnother;

    public override bool Accepts(Scanout scanout) => real.Accepts(scanout);

    public override bool Accepts(VideoFormat format) => real.Accepts(format);

    public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        Opening("converter");
        bool opened = real.TryOpenConverter(out IFrameConverter? inner, out whyNot);
        converter = opened ? new Converter(this, inner!) : null;
        return opened;
    }

    public override bool TryOpenEncoder(in EncoderSettings settings, [NotNullWhen(true)] out IVideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot)
    {
        Opening("encoder");
        bool opened = real.TryOpenEncoder(settings, out IVideoEncoder? inner, out whyNot);
        encoder = opened ? new Encoder(this, inner!) : null;
        return opened;
    }

    private void Note(string what)
    {
        lock (_gate)
            _events.Add($"{what} on {Thread.CurrentThread.Name}");
    }

    private sealed class Converter(WatchedPath path, IFrameConverter real) : IFrameConverter
    {
        public string Name => real.Name;

        public bool MovesBetweenThreads => path.MovesBetweenThreads && real.MovesBetweenThreads;

        public ConvertOutcome Convert(Scanout scanout, TileMap damage, PictureTarget target, TileMap changed)
        {
            int number = path._conversions++;
            path.Note("convert");
            path.Converting(number);
            ConvertOutcome outcome = path.Judging(real.Convert(scanout, damage, target, changed));
            path.Converted(number);
            return outcome;
        }

        public void Dispose()
        {
            path.Closing("converter");
            real.Dispose();
        }
    }

    private sealed class Encoder(WatchedPath path, IVideoEncoder real) : IVideoEncoder
    {
        public string Name => real.Name;

        public VideoCodec Codec => real.Codec;

        public PictureTarget AcquireTarget() => real.AcquireTarget();

        public PictureTarget? AcquireNext(PictureTarget picture, TileMap changed) => real.AcquireNext(picture, changed);

        public EncodeOutcome Encode(PictureTarget picture, TileMap changed, EncodeRequest request, EncodedFrame frame)
        {
            path.Note("encode");
            path.Encoding(path._encodes++);
            return real.Encode(picture, changed, request, frame);
        }

        public void SetRate(int bitsPerSecond, int framesPerSecond) => real.SetRate(bitsPerSecond, framesPerSecond);

        public void Dispose()
        {
            path.Closing("encoder");
            real.Dispose();
        }
    }
}
