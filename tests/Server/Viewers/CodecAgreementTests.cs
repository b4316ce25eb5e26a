using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Vm;
using QemuZeroCopy.Pipeline.Convert.Gpu;

namespace QemuZeroCopy.Server.Tests.Viewers;

public sealed class CodecAgreementTests
{
    private static readonly VideoCodec[] s_all = [VideoCodec.Av1, VideoCodec.H265, VideoCodec.H264];

    [Fact]
    public void The_best_codec_that_every_viewer_takes_is_sent()
    {
        Assert.Equal(VideoCodec.Av1, CodecAgreement.Choose(s_all, [s_all, s_all]));
        Assert.Equal(VideoCodec.H265, CodecAgreement.Choose(s_all, [s_all, [VideoCodec.H265, VideoCodec.H264]]));
        Assert.Equal(VideoCodec.H264, CodecAgreement.Choose(s_all, [s_all, [VideoCodec.H264]]));
        Assert.Equal(VideoCodec.H264, CodecAgreement.Choose(s_all, [[VideoCodec.Av1, VideoCodec.H264], [VideoCodec.H265, VideoCodec.H264]]));
        Assert.Equal(VideoCodec.H264, CodecAgreement.Choose([VideoCodec.H264], [s_all]));
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
        Assert.Equal([VideoCodec.H264], paths.CodecsFor(CodecChoice.Auto));
        Assert.Equal([VideoCodec.H264], paths.CodecsFor(CodecChoice.H264));
        Assert.Contains("--codec av1", Assert.Throws<UserError>(() => paths.CodecsFor(CodecChoice.Av1)).OneLine, StringComparison.Ordinal);
        Assert.Contains("--codec hevc", Assert.Throws<UserError>(() => paths.CodecsFor(CodecChoice.Hevc)).OneLine, StringComparison.Ordinal);
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
