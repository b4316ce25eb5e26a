using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Convert.Cpu;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

public sealed class ConsolePipelineTests : IDisposable
{
    private static readonly PictureSize Size = new(640, 480);

    private readonly CollectingSink _sink = new();
    private readonly RecordingAcknowledger _acknowledger = new();
    private readonly FrameMailbox _mailbox;
    private readonly Random _random = new(4);
    private readonly List<MemoryScanout> _scanouts = [];
    private ConsolePipeline? _pipeline;

    public ConsolePipelineTests() => _mailbox = new FrameMailbox(_acknowledger);

    public void Dispose()
    {
        _pipeline?.Dispose();
        _mailbox.Dispose();
        Assert.All(_scanouts, scanout => Assert.True(scanout.IsFreed));
    }

    [Fact]
    public void The_first_picture_is_a_key_frame_of_the_announced_size()
    {
        Start(refine: false);
        Show(Size);
        _sink.WaitFor(1);
        Assert.True(_sink.Frames[0].IsKeyFrame);
        Assert.Contains("size 640x480", _sink.Events);
        Assert.Equal(Size, Statistics.Size);
        Assert.StartsWith("cpu-", Statistics.Converter, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_that_changes_nothing_makes_no_frame()
    {
        Start(refine: false);
        Show(Size);
        _sink.WaitFor(1);
        _mailbox.AddDamage(new PixelRect(0, 0, 640, 480), MonotonicClock.NowNs, 7);
        _acknowledger.WaitFor(7);
        WaitUntil(() => Statistics.FramesUnchanged == 1);
        Assert.Single(_sink.Frames);
    }

    [Fact]
    public void What_changes_is_decoded_as_it_was_shown()
    {
        Start(refine: false, bitsPerSecond: 200_000_000);
        MemoryScanout scanout = Show(Size);
        _sink.WaitFor(1);
        for (int i = 0; i < 5; i++)
        {
            _mailbox.AddDamage(Desktop.DrawGlyph(scanout, 3 + i, 4, _random), MonotonicClock.NowNs, (ulong)i + 1);
            _sink.WaitFor(2 + i);
        }

        AssertShown(scanout, 44);
        Assert.Equal(1, Statistics.KeyFrames);
        _acknowledger.WaitFor(5);
    }

    [Fact]
    public void A_codec_that_no_path_makes_is_replaced_by_H264_and_asked_for_once()
    {
        Start(refine: false);
        Show(Size);
        _sink.WaitFor(1);
        _pipeline!.SetFormat(VideoFormat.Default with { Codec = VideoCodec.Av1 });
        _pipeline.RequestKeyFrame();
        _sink.WaitFor(2);
        for (int i = 0; i < 3; i++)
        {
            _mailbox.AddDamage(Desktop.DrawGlyph(_scanouts[0], 1 + i, 1, _random), MonotonicClock.NowNs);
            _sink.WaitFor(3 + i);
        }

        // Another scanout is looked at anew, and H.264 is no longer a makeshift once it is what viewers agree on.
        Show(new PictureSize(320, 200));
        _sink.WaitFor(6);
        _pipeline.SetFormat(VideoFormat.Default);
        _pipeline.RequestKeyFrame();
        _sink.WaitFor(7);
        Assert.DoesNotContain(_sink.Events, line => line.StartsWith("no path", StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_frame_asked_for_while_nothing_moves_comes()
    {
        Start(refine: false);
        Show(Size);
        _sink.WaitFor(1);
        for (int i = 0; i < 20; i++)
            _pipeline!.RequestKeyFrame();
        _sink.WaitFor(2);
        Assert.True(_sink.Frames[1].IsKeyFrame);
        // All twenty are met by one.
        _mailbox.AddDamage(Desktop.DrawGlyph(_scanouts[0], 1, 1, _random), MonotonicClock.NowNs);
        _sink.WaitFor(3);
        Assert.False(_sink.Frames[2].IsKeyFrame);
    }

    [Fact]
    public void A_change_of_mode_brings_a_key_frame_of_the_new_size()
    {
        Start(refine: false);
        Show(Size);
        _sink.WaitFor(1);
        MemoryScanout larger = Show(new PictureSize(1280, 720));
        _sink.WaitFor(2);
        Assert.True(_sink.Frames[1].IsKeyFrame);
        Assert.Contains("size 1280x720", _sink.Events);
        byte[] decoded = Ffmpeg.Decode(_sink.Frames[1].Data, "nv12");
        Assert.Equal(Ffmpeg.Nv12Bytes(larger.Size), decoded.Length);
    }

    [Fact]
    public void A_picture_that_another_mode_overtakes_while_it_is_read_is_not_encoded()
    {
        var larger = new PictureSize(1280, 720);
        long changedNs = 0;
        MemoryScanout? scanout = null;
        var path = new WatchedPath(new CpuVideoPath())
        {
            Converting = number =>
            {
                if (number != 1)
                    return;
                changedNs = MonotonicClock.NowNs;
                Show(larger);
            },
        };
        Start(refine: false, paths: [path]);
        scanout = Show(Size);
        _sink.WaitFor(1);
        _mailbox.AddDamage(Desktop.DrawGlyph(scanout, 4, 5, _random), MonotonicClock.NowNs);
        _sink.WaitFor(2);
        Assert.True(_sink.Frames[1].IsKeyFrame);
        Assert.Equal(larger, Statistics.Size);
        // Its time counts from its own scanout, not from what was damaged before.
        Assert.InRange(_sink.Timelines[1].DamageNs, changedNs, _sink.Timelines[1].TakenNs);
        Assert.Equal(["convert", "encode", "convert", "convert", "encode"], path.Events.Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public void The_first_picture_of_a_mode_goes_first_and_those_after_it_do_not()
    {
        var seen = new System.Collections.Concurrent.ConcurrentQueue<(string What, (int Niceness, long SliceNs)? How)>();
        void See(string what) => seen.Enqueue((what, ThreadScheduling.Current));
        Start(refine: false, paths: [new WatchedPath(new CpuVideoPath()) { Opening = See, Encoding = number => See($"{number}"), Closing = See }]);
        MemoryScanout scanout = Show(Size);
        _sink.WaitFor(1);
        _mailbox.AddDamage(Desktop.DrawGlyph(scanout, 4, 5, _random), MonotonicClock.NowNs);
        _sink.WaitFor(2);
        Show(new PictureSize(1280, 720));
        _sink.WaitFor(3);
        _pipeline!.Dispose();
        Assert.Equal(["converter", "encoder", "0", "1", "encoder", "2", "encoder", "encoder", "converter"], seen.Select(one => one.What));
        (int, long)?[] how = [.. seen.Select(one => one.How)];
        (int, long)? usual = how[3], first = how[0];
        Assert.SkipWhen(usual == first, "The kernel lets no thread go first.");
        Assert.Equal([first, first, first, usual, first, first, usual, usual, usual], how);
    }

    [Fact]
    public void The_first_picture_of_a_mode_does_not_wait_for_the_encoder_of_the_mode_before_to_close()
    {
        var sent = new System.Collections.Concurrent.ConcurrentQueue<(string, int)>();
        Start(refine: false, paths: [new WatchedPath(new CpuVideoPath()) { Closing = what => sent.Enqueue((what, _sink.Frames.Count)) }]);
        Show(Size);
        _sink.WaitFor(1);
        Show(new PictureSize(1280, 720));
        WaitUntil(() => !sent.IsEmpty);
        Assert.Equal([("encoder", 2)], sent);
        Assert.Equal(new PictureSize(1280, 720), Statistics.Size);
        _pipeline!.Dispose();
        Assert.Equal([("encoder", 2), ("encoder", 2), ("converter", 2)], sent);
    }

    [Fact]
    public void A_device_lost_right_after_a_mode_change_closes_both_encoders_before_the_converter()
    {
        var closed = new System.Collections.Concurrent.ConcurrentQueue<string>();
        int conversions = 0;
        Start(refine: false, paths: [new WatchedPath(new CpuVideoPath())
        {
            Closing = closed.Enqueue,
            Judging = outcome => ++conversions == 2 ? QemuZeroCopy.Pipeline.Convert.ConvertOutcome.DeviceLost : outcome,
        }]);
        Show(Size);
        _sink.WaitFor(1);
        Show(new PictureSize(1280, 720));
        _sink.WaitFor(2);
        Assert.Equal(["encoder", "encoder", "converter"], closed);
        Assert.Equal(new PictureSize(1280, 720), Statistics.Size);
    }

    [Fact]
    public void The_screen_goes_off_and_on_again()
    {
        Start(refine: false);
        Show(Size);
        _sink.WaitFor(1);
        _mailbox.SetScanout(null, MonotonicClock.NowNs);
        WaitUntil(() => _sink.Events.Contains("size off"));
        Assert.Null(Statistics.Size);
        Show(Size);
        _sink.WaitFor(2);
        Assert.True(_sink.Frames[1].IsKeyFrame);
    }

    [Fact]
    public void Without_viewers_QEMU_is_answered_and_nothing_is_encoded()
    {
        Start(viewers: 0, refine: false);
        MemoryScanout scanout = Show(Size);
        _mailbox.AddDamage(new PixelRect(0, 0, 8, 8), MonotonicClock.NowNs, 3);
        _acknowledger.WaitFor(3);
        Assert.Empty(_sink.Frames);
        Desktop.DrawGlyph(scanout, 10, 10, _random);
        _mailbox.AddDamage(new PixelRect(80, 160, 8, 16), MonotonicClock.NowNs, 4);
        _acknowledger.WaitFor(4);
        _pipeline!.SetViewerCount(1);
        _sink.WaitFor(1);
        Assert.True(_sink.Frames[0].IsKeyFrame);
        AssertShown(scanout, 30);
    }

    [Fact]
    public void A_viewer_that_is_expected_finds_the_encoder_open()
    {
        Start(viewers: 0, refine: false);
        MemoryScanout scanout = Show(Size);
        _pipeline!.ExpectViewer();
        WaitUntil(() => Statistics.Encoder is not null);
        Assert.Empty(_sink.Frames);
        _mailbox.AddDamage(Desktop.DrawGlyph(scanout, 3, 4, _random), MonotonicClock.NowNs, 1);
        _acknowledger.WaitFor(1);
        _pipeline.SetViewerCount(1);
        _sink.WaitFor(1);
        Assert.True(_sink.Frames[0].IsKeyFrame);
        AssertShown(scanout, 30);
    }

    [Fact]
    public void The_converter_is_open_before_anybody_watches_and_the_encoder_is_not()
    {
        var opened = new System.Collections.Concurrent.ConcurrentQueue<string>();
        Start(viewers: 0, refine: false, paths: [new WatchedPath(new CpuVideoPath()) { Opening = opened.Enqueue }]);
        MemoryScanout scanout = Show(Size);
        WaitUntil(() => !opened.IsEmpty);
        _mailbox.AddDamage(new PixelRect(0, 0, 8, 8), MonotonicClock.NowNs, 3);
        _acknowledger.WaitFor(3);
        Assert.Equal(["converter"], opened);
        _pipeline!.SetViewerCount(1);
        _sink.WaitFor(1);
        Assert.Equal(["converter", "encoder"], opened);
        AssertShown(scanout, 30);
    }

    [Fact]
    public void One_more_viewer_gets_a_key_frame()
    {
        Start(refine: false);
        Show(Size);
        _sink.WaitFor(1);
        _pipeline!.SetViewerCount(2);
        _sink.WaitFor(2);
        Assert.True(_sink.Frames[1].IsKeyFrame);
    }

    [Fact]
    public void A_still_picture_becomes_sharp_and_then_there_is_silence()
    {
        Start(refine: true, bitsPerSecond: 3_000_000);
        MemoryScanout scanout = Show(Size);
        long encoded = -1;
        WaitUntil(() =>
        {
            bool rests = Statistics.FramesRefined > 0 && Statistics.FramesEncoded == encoded;
            encoded = Statistics.FramesEncoded;
            Thread.Sleep(300);
            return rests;
        });
        AssertShown(scanout, 45);
        Thread.Sleep(600);
        Assert.Equal(encoded, Statistics.FramesEncoded);
    }

    [Fact]
    public void Full_chroma_is_taken_up_with_a_key_frame()
    {
        Start(refine: false);
        Show(Size);
        _sink.WaitFor(1);
        _pipeline!.SetFormat(new VideoFormat(VideoCodec.H264, H264Profile.High444, ChromaFormat.Yuv444));
        _sink.WaitFor(2);
        Assert.True(_sink.Frames[1].IsKeyFrame);
        Assert.Contains("High 4:4:4", Ffmpeg.Probe(_sink.Frames[1].Data), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_no_path_makes_full_chroma_a_quarter_of_it_is_sent()
    {
        Start(refine: false, paths: [new QuarterPath()]);
        Show(Size);
        _sink.WaitFor(1);
        _pipeline!.SetFormat(new VideoFormat(VideoCodec.H264, H264Profile.High444, ChromaFormat.Yuv444));
        _pipeline.RequestKeyFrame();
        _sink.WaitFor(2);
        Thread.Sleep(100);
        // The wish was heard once; it does not keep the thread busy.
        Assert.InRange(Statistics.FramesUnchanged, 0, 2);
        Assert.Contains("Constrained Baseline", Ffmpeg.Probe(_sink.Frames[1].Data), StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_that_cannot_read_the_scanout_is_stepped_down_from()
    {
        var failing = new FailingPath(QemuZeroCopy.Pipeline.Convert.ConvertOutcome.Unsupported);
        Start(refine: false, paths: [failing, new CpuVideoPath()]);
        MemoryScanout scanout = Show(Size);
        _sink.WaitFor(1);
        AssertShown(scanout, 30);
        Assert.Equal(1, failing.Opened);
        Assert.Contains(_sink.Events, line => line.Contains("failing", StringComparison.Ordinal) && line.Contains("cannot read", StringComparison.Ordinal));
    }

    [Fact]
    public void A_lost_device_is_opened_again_three_times_and_then_left()
    {
        var failing = new FailingPath(QemuZeroCopy.Pipeline.Convert.ConvertOutcome.DeviceLost);
        Start(refine: false, paths: [failing, new CpuVideoPath()]);
        MemoryScanout scanout = Show(Size);
        _sink.WaitFor(1);
        AssertShown(scanout, 30);
        Assert.Equal(3, failing.Opened);
    }

    [Fact]
    public void A_picture_overtaken_while_it_was_read_is_read_once_more()
    {
        MemoryScanout? scanout = null;
        long overtakenNs = 0;
        var path = new OvertakingPath(read =>
        {
            if (read != 1)
                return;
            overtakenNs = MonotonicClock.NowNs;
            _mailbox.AddDamage(Desktop.DrawGlyph(scanout!, 5, 5, _random), overtakenNs, 12);
        });
        Start(refine: false, bitsPerSecond: 200_000_000, paths: [path]);
        scanout = Show(Size);
        _sink.WaitFor(1);
        _mailbox.AddDamage(Desktop.DrawGlyph(scanout, 4, 5, _random), MonotonicClock.NowNs, 11);
        _sink.WaitFor(2);
        // Both glyphs are in the one picture, and both are answered.
        AssertShown(scanout, 44);
        _acknowledger.WaitFor(12);
        Assert.Equal(1, Statistics.FramesReread);
        // The second look is conversion: what came before it took no longer for it.
        FrameTimeline way = _sink.Timelines[1];
        Assert.True(way.TakenNs < overtakenNs && way.ImportedNs < overtakenNs && overtakenNs <= way.ConvertedNs);
        Assert.Equal(2, _sink.Frames.Count);
    }

    [Fact]
    public void Text_at_rest_becomes_sharp_while_a_video_plays_beside_it()
    {
        Start(refine: true, bitsPerSecond: 8_000_000);
        var size = new PictureSize(1280, 720);
        MemoryScanout scanout = Show(size);
        _sink.WaitFor(1);
        var window = new PixelRect(768, 256, 320, 240);
        // A second and a half of video at 30 fps; the text has rested all the time.
        for (int i = 0; i < 45; i++)
        {
            PlayVideo(scanout, window, i);
            _mailbox.AddDamage(window, MonotonicClock.NowNs);
            Thread.Sleep(33);
        }

        byte[] decoded = Ffmpeg.Decode(_sink.Stream, "nv12");
        ReadOnlySpan<byte> last = decoded.AsSpan(decoded.Length - Ffmpeg.Nv12Bytes(size));
        (byte[] y, _) = ReferenceConverter.ToNv12(scanout.Bytes, scanout.Stride, size, scanout.Format);
        // The left half of the luma, far from the video.
        byte[] shown = [.. Enumerable.Range(0, size.Height).SelectMany(row => y.AsSpan(row * size.Width, 640).ToArray())];
        var seen = new List<byte>();
        for (int row = 0; row < size.Height; row++)
            seen.AddRange(last.Slice(row * size.Width, 640));
        double psnr = Ffmpeg.Psnr(shown, seen.ToArray());
        Assert.True(psnr >= 45, $"{psnr:F1} dB");
        // The video's pictures, and the portions in which the text became sharp.
        Assert.InRange(Statistics.FramesEncoded, 20, 80);
    }

    private static void PlayVideo(MemoryScanout scanout, PixelRect window, int picture)
    {
        Span<uint> pixels = Desktop.Pixels(scanout);
        for (int y = 0; y < window.Height; y++)
        {
            Span<uint> line = pixels.Slice((window.Y + y) * scanout.Size.Width + window.X, window.Width);
            for (int x = 0; x < line.Length; x++)
                line[x] = 0xff000000 | (uint)(128 + 100 * Math.Sin((x + picture * 4) * 0.05) * Math.Cos((y - picture * 3) * 0.06)) * 0x010101;
        }
    }

    [Theory]
    [InlineData(4_000_000)]
    [InlineData(20_000_000)]
    public void A_letter_is_encoded_once_and_not_sharpened_later(int bitsPerSecond)
    {
        Start(bitsPerSecond: bitsPerSecond);
        MemoryScanout scanout = Show(new PictureSize(1280, 800));
        WaitUntilStill();
        PipelineStatistics before = Statistics;
        const int letters = 20;
        for (int i = 0; i < letters; i++)
        {
            _mailbox.AddDamage(Desktop.DrawGlyph(scanout, 10 + i, 20, _random), MonotonicClock.NowNs);
            Thread.Sleep(40);
        }

        WaitUntilStill();
        PipelineStatistics now = Statistics;
        Assert.InRange(now.FramesEncoded - before.FramesEncoded, 1, letters);
        Assert.Equal(before.FramesRefined, now.FramesRefined);
    }

    [Fact]
    public void Damage_beyond_the_frame_rate_is_put_together()
    {
        Start(refine: false, framesPerSecond: 10);
        MemoryScanout scanout = Show(Size);
        _sink.WaitFor(1);
        long start = MonotonicClock.NowNs;
        for (int i = 0; i < 40; i++)
        {
            _mailbox.AddDamage(Desktop.DrawGlyph(scanout, i, 2, _random), MonotonicClock.NowNs);
            Thread.Sleep(10);
        }

        WaitUntil(() => Statistics.FramesTaken >= 3);
        double seconds = (MonotonicClock.NowNs - start) * 1e-9;
        Assert.InRange(_sink.Frames.Count, 2, 3 + (int)(seconds * 10));
    }

    [Fact]
    public void Timelines_tell_the_stages_in_order()
    {
        Start(refine: false);
        long damage = MonotonicClock.NowNs;
        Show(Size);
        _sink.WaitFor(1);
        FrameTimeline way = _sink.Timelines[0];
        Assert.True(damage <= way.DamageNs);
        Assert.True(way.DamageNs <= way.TakenNs);
        Assert.True(way.TakenNs <= way.ImportedNs);
        Assert.True(way.ImportedNs <= way.ConvertedNs);
        Assert.True(way.ConvertedNs <= way.EncodedNs);
    }

    [Fact]
    public void What_was_never_encoded_is_answered_at_the_end()
    {
        Start(refine: false);
        Show(Size);
        _sink.WaitFor(1);
        _mailbox.AddDamage(new PixelRect(0, 0, 8, 8), MonotonicClock.NowNs, 9);
        _pipeline!.Dispose();
        _mailbox.Dispose();
        _acknowledger.WaitFor(9);
    }

    private PipelineStatistics Statistics => _pipeline!.Statistics;

    private void Start(int viewers = 1, bool refine = true, int bitsPerSecond = 20_000_000, int framesPerSecond = 60, VideoPath[]? paths = null)
    {
        var options = new ConsolePipelineOptions { Viewers = viewers, Refine = refine, BitsPerSecond = bitsPerSecond, MaxFramesPerSecond = framesPerSecond };
        _pipeline = new ConsolePipeline(_mailbox, paths ?? [new CpuVideoPath()], _sink, options, _sink);
        _pipeline.Start();
    }

    private MemoryScanout Show(PictureSize size)
    {
        MemoryScanout scanout = Desktop.Scanout(size);
        _scanouts.Add(scanout);
        Desktop.FillWithText(scanout, _random);
        _mailbox.SetScanout(scanout, MonotonicClock.NowNs);
        return scanout;
    }

    private void AssertShown(MemoryScanout scanout, double leastDb)
    {
        byte[] decoded = Ffmpeg.Decode(_sink.Stream, "nv12");
        int bytes = Ffmpeg.Nv12Bytes(scanout.Size);
        (byte[] y, byte[] chroma) = ReferenceConverter.ToNv12(scanout.Bytes, scanout.Stride, scanout.Size, scanout.Format);
        double psnr = Ffmpeg.Psnr([.. y, .. chroma], decoded.AsSpan(decoded.Length - bytes));
        Assert.True(psnr >= leastDb, $"{psnr:F1} dB is less than {leastDb}");
    }

    // Nothing has been encoded for ten times as long as a block rests before it is sharpened.
    private void WaitUntilStill()
    {
        long encoded = -1, sinceNs = 0;
        WaitUntil(() =>
        {
            long now = Statistics.FramesEncoded;
            if (now != encoded)
                (encoded, sinceNs) = (now, MonotonicClock.NowNs);
            return encoded > 0 && MonotonicClock.NowNs - sinceNs > 10 * RefinementMap.RestNs;
        });
    }

    private static void WaitUntil(Func<bool> condition)
    {
        long end = MonotonicClock.NowNs + 30_000_000_000;
        while (!condition())
        {
            Assert.True(MonotonicClock.NowNs < end, "It did not happen within half a minute.");
            Thread.Sleep(5);
        }
    }
}
