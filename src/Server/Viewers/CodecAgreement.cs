using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.WebRtc;
using VideoFormat = QemuZeroCopy.WebRtc.VideoFormat;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>
/// Which codec a console is encoded with: one encode serves all its viewers, so the best that each of them takes. An
/// answer names every codec that may come, so that a change needs a key frame and no renegotiation.
/// </summary>
internal static class CodecAgreement
{
    /// <summary>The first of <paramref name="preferred"/> that all of <paramref name="viewers"/> take; H.264 where they agree on nothing else.</summary>
    public static VideoCodec Choose(IReadOnlyList<VideoCodec> preferred, IEnumerable<IReadOnlyList<VideoCodec>> viewers)
    {
        IReadOnlyList<VideoCodec>[] all = [.. viewers];
        foreach (VideoCodec codec in preferred)
        {
            if (Array.TrueForAll(all, takes => takes.Contains(codec)))
                return codec;
        }

        return VideoCodec.H264;
    }

    /// <summary>The codec's name in WebRTC.</summary>
    public static VideoCodecKind KindOf(VideoCodec codec) => codec switch
    {
        VideoCodec.H265 => VideoCodecKind.H265,
        VideoCodec.Av1 => VideoCodecKind.Av1,
        _ => VideoCodecKind.H264,
    };

    /// <summary>What a viewer is asked to take of it.</summary>
    public static VideoFormat FormatOf(VideoCodec codec) =>
        codec == VideoCodec.H264 ? new VideoFormat(VideoCodecKind.H264, VideoProfile.ConstrainedBaseline) : new VideoFormat(KindOf(codec));
}
