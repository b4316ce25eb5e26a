using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.WebRtc;
using VideoFormat = QemuZeroCopy.Pipeline.Encode.VideoFormat;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>
/// Which format a console is encoded in: one encode serves all its viewers, so the best that each of them takes. An
/// answer names every codec that may come, so that a change needs a key frame and no renegotiation.
/// </summary>
internal static class CodecAgreement
{
    /// <summary>The first of <paramref name="preferred"/> that all of <paramref name="viewers"/> take; H.264 in 4:2:0 where they agree on nothing else.</summary>
    public static VideoFormat Choose(IReadOnlyList<VideoFormat> preferred, IEnumerable<IReadOnlyList<VideoFormat>> viewers)
    {
        IReadOnlyList<VideoFormat>[] all = [.. viewers];
        foreach (VideoFormat format in preferred)
        {
            if (Array.TrueForAll(all, takes => takes.Contains(format)))
                return format;
        }

        return VideoFormat.Default;
    }

    /// <summary>The codec's name in WebRTC.</summary>
    public static VideoCodecKind KindOf(VideoCodec codec) => codec switch
    {
        VideoCodec.H265 => VideoCodecKind.H265,
        VideoCodec.Av1 => VideoCodecKind.Av1,
        _ => VideoCodecKind.H264,
    };

    /// <summary>What a viewer is asked to take of it.</summary>
    public static WebRtc.VideoFormat Wanted(VideoFormat format) => format.Codec == VideoCodec.H264
        ? new WebRtc.VideoFormat(VideoCodecKind.H264, format.Chroma == ChromaFormat.Yuv444 ? VideoProfile.FullChroma : VideoProfile.ConstrainedBaseline)
        : new WebRtc.VideoFormat(KindOf(format.Codec));

    /// <summary>
    /// What a viewer takes that agreed to those of <paramref name="offered"/> which <paramref name="agreed"/> numbers: who
    /// takes H.264 with all colour samples takes it with a quarter of them, under the same payload type.
    /// </summary>
    public static IReadOnlyList<VideoFormat> Taken(IReadOnlyList<VideoFormat> offered, IEnumerable<int> agreed) =>
        [.. agreed.Select(index => offered[index]).SelectMany(format => format == VideoFormat.FullChroma ? [format, VideoFormat.Default] : (VideoFormat[])[format])];
}
