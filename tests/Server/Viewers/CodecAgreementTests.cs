using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Vm;
using QemuZeroCopy.Pipeline.Convert.Gpu;

namespace QemuZeroCopy.Server.Tests.Viewers;

public sealed class CodecAgreementTests
{
    private static readonly VideoFormat s_h264 = VideoFormat.Default, s_hevc = s_h264 with { Codec = VideoCodec.H265 }, s_av1 = s_h264 with { Codec = VideoCodec.Av1 };
    private static readonly VideoFormat[] s_all = [s_av1, s_hevc, s_h264];

    [Fact]
    public void The_best_codec_that_every_viewer_takes_is_sent()
    {
        Assert.Equal(s_av1, CodecAgreement.Choose(s_all, [s_all, s_all]));
        Assert.Equal(s_hevc, CodecAgreement.Choose(s_all, [s_all, [s_hevc, s_h264]]));
        Assert.Equal(s_h264, CodecAgreement.Choose(s_all, [s_all, [s_h264]]));
        Assert.Equal(s_h264, CodecAgreement.Choose(s_all, [[s_av1, s_h264], [s_hevc, s_h264]]));
        Assert.Equal(s_h264, CodecAgreement.Choose([s_h264], [s_all]));
    }

    [Fact]
    public void All_colour_samples_are_sent_while_every_viewer_agreed_to_them()
    {
        VideoFormat[] offered = [VideoFormat.FullChroma, s_av1, s_h264];
        IReadOnlyList<VideoFormat> full = CodecAgreement.Taken(offered, [0, 1]), quarter = CodecAgreement.Taken(offered, [1, 2]), old = CodecAgreement.Taken(offered, [2]);
        Assert.Equal(VideoFormat.FullChroma, CodecAgreement.Choose(offered, [full, full]));
        Assert.Equal(s_av1, CodecAgreement.Choose(offered, [full, quarter]));
        Assert.Equal(s_h264, CodecAgreement.Choose(offered, [full, quarter, old]));
    }

    [Fact]
    public void All_colour_samples_are_offered_where_they_are_asked_for_or_cost_no_hardware_encoder()
    {
        using var paths = new VideoPaths(GpuChoice.None, null);
        Assert.Equal([s_h264], paths.FormatsFor(CodecChoice.Auto, ChromaChoice.Quarter));
        Assert.Equal([VideoFormat.FullChroma, s_h264], paths.FormatsFor(CodecChoice.Auto, ChromaChoice.Full));
        Assert.Equal([VideoFormat.FullChroma, s_h264], paths.FormatsFor(CodecChoice.Auto, ChromaChoice.Auto));
    }

    [Fact]
    public void A_tap_is_given_no_other_codec_and_waits_for_a_key_frame_of_its_own()
    {
        int asked = 0;
        var pool = new EncodedFramePool();
        using var tap = new FrameTap(() => asked++);
        Offer(tap, pool, VideoCodec.Av1, isKey: true);
        Offer(tap, pool, VideoCodec.H264, isKey: false);
        Offer(tap, pool, VideoCodec.H264, isKey: true);
        Offer(tap, pool, VideoCodec.H264, isKey: false);
        Assert.Equal(2, tap.Skipped);
        Offer(tap, pool, VideoCodec.Av1, isKey: false);
        Offer(tap, pool, VideoCodec.H264, isKey: false);
        Assert.Equal(4, tap.Skipped);
    }

    [Fact]
    public void A_codec_that_nothing_encodes_is_refused_by_name_and_auto_takes_what_there_is()
    {
        using var paths = new VideoPaths(GpuChoice.None, null);
        Assert.Equal([s_h264], paths.FormatsFor(CodecChoice.Auto, ChromaChoice.Quarter));
        Assert.Equal([s_h264], paths.FormatsFor(CodecChoice.H264, ChromaChoice.Quarter));
        Assert.Contains("--codec av1", Assert.Throws<UserError>(() => paths.FormatsFor(CodecChoice.Av1, ChromaChoice.Quarter)).OneLine, StringComparison.Ordinal);
        Assert.Contains("--codec hevc", Assert.Throws<UserError>(() => paths.FormatsFor(CodecChoice.Hevc, ChromaChoice.Quarter)).OneLine, StringComparison.Ordinal);
    }

    [Fact]
    public void Vaapi_that_is_not_there_is_refused_with_the_reason()
    {
        UserError error = Assert.Throws<UserError>(() => new VideoPaths(GpuChoice.None, "/dev/dri/renderD999", EncoderChoice.Vaapi));
        Assert.Contains("--encoder vaapi", error.OneLine, StringComparison.Ordinal);
        Assert.Contains("renderD999", error.OneLine, StringComparison.Ordinal);
    }

    private static void Offer(FrameTap tap, EncodedFramePool pool, VideoCodec codec, bool isKey)
    {
        EncodedFrame frame = pool.Rent();
        frame.Codec = codec;
        frame.IsKeyFrame = isKey;
        frame.Size = new PictureSize(16, 16);
        tap.Offer(frame);
        frame.Release();
    }
}
