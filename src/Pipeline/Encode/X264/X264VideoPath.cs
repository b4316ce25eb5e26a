using System.Diagnostics.CodeAnalysis;

namespace QemuZeroCopy.Pipeline.Encode.X264;

/// <summary>A way that ends in x264, whatever converts before it.</summary>
public abstract class X264VideoPath : VideoPath
{
    /// <inheritdoc/>
    public override bool OpensBesideAnother => true;

    /// <inheritdoc/>
    public override bool Accepts(VideoFormat format) => format.Codec == VideoCodec.H264;

    /// <inheritdoc/>
    public override bool TryOpenEncoder(in EncoderSettings settings, [NotNullWhen(true)] out IVideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot)
    {
        bool opened = X264VideoEncoder.TryOpen(settings, out X264VideoEncoder? x264, out whyNot);
        encoder = x264;
        return opened;
    }
}
