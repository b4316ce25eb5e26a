using System.Text.RegularExpressions;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Convert.Cpu;

namespace QemuZeroCopy.Pipeline.Tests.Encode.X264;

public sealed class X264VideoEncoderTests(ITestOutputHelper output)
{
    private const int Room = 2_000_000;

    [Theory]
    [InlineData(1280, 800, H264Profile.ConstrainedBaseline, 1)]
    [InlineData(1366, 768, H264Profile.High, 1)]
    [InlineData(1920, 1080, H264Profile.ConstrainedBaseline, 2)]
    [InlineData(642, 482, H264Profile.Main, 3)]
    [InlineData(16, 16, H264Profile.ConstrainedBaseline, 1)]
    public void What_is_decoded_looks_like_what_was_shown(int width, int height, H264Profile profile, int threads)
    {
        var random = new Random(11);
        using var run = new Run(new PictureSize(width, height), profile, ChromaFormat.Yuv420, threads);
        Desktop.FillWithText(run.Scanout, random);
        run.Encode(new EncodeRequest(true, 0, null, 20_000_000));
        for (int i = 0; i < 10; i++)
        {
            Desktop.DrawGlyph(run.Scanout, i % (width / 8), i % (height / 16), random);
            run.Encode(new EncodeRequest(false, 0, null, Room));
        }

        AssertAlike(run, 38);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Noise_fits_into_the_room_from_the_second_picture_on(int threads)
    {
        var random = new Random(5);
        using var run = new Run(new PictureSize(1280, 720), H264Profile.High, ChromaFormat.Yuv420, threads);
        const int room = 1_500_000;
        run.Encode(new EncodeRequest(true, 0, null, room), nothingChanged: true);
        for (int i = 0; i < 6; i++)
        {
            Desktop.FillWithNoise(run.Scanout, random);
            run.Encode(new EncodeRequest(false, 0, null, room));
        }

        output.WriteLine(string.Join(' ', run.Lengths));
        // The first noise after black is estimated, the others are learned from it.
        Assert.InRange(run.Lengths[1] * 8, 1, (int)(room * 1.5));
        Assert.All(run.Lengths[2..], bytes => Assert.InRange(bytes * 8, 1, (int)(room * 1.1)));
        AssertAlike(run, 8);
    }

    [Fact]
    public void A_typed_character_costs_few_bytes_and_is_sharp_at_once()
    {
        var random = new Random(3);
        using var run = new Run(new PictureSize(1920, 1080), H264Profile.ConstrainedBaseline, ChromaFormat.Yuv420, 1);
        Desktop.FillWithText(run.Scanout, random);
        run.Encode(new EncodeRequest(true, 0, null, 20_000_000));
        for (int step = 1; step <= RefinementMap.LastStep; step++)
            run.Encode(new EncodeRequest(false, step, null, Room), nothingChanged: true);
        Desktop.DrawGlyph(run.Scanout, 50, 30, random);
        run.Encode(new EncodeRequest(false, 0, null, Room));
        output.WriteLine(string.Join(' ', run.Lengths));
        Assert.InRange(run.Lengths[^1], 1, 1500);
        AssertAlike(run, 45);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(48)]
    public void Scrolled_text_is_found_where_it_went(int rows)
    {
        var random = new Random(6);
        var size = new PictureSize(1280, 800);
        using var run = new Run(size, H264Profile.ConstrainedBaseline, ChromaFormat.Yuv420, 1);
        MemoryScanout page = Desktop.Scanout(new PictureSize(size.Width, size.Height + 12 * rows));
        Desktop.FillWithText(page, random);
        for (int i = 0; i < 12; i++)
        {
            page.Bytes.Slice(i * rows * page.Stride, run.Scanout.Length).CopyTo(run.Scanout.Bytes);
            run.Encode(new EncodeRequest(i == 0, 0, null, 20_000_000));
        }

        output.WriteLine(string.Join(' ', run.Lengths));
        // What has come in anew is a share of the screen; a third of the key frame is generous for it.
        Assert.All(run.Lengths[2..], bytes => Assert.InRange(bytes, 1, run.Lengths[0] / 3));
        AssertAlike(run, 42);
        page.Release();
    }

    [Fact]
    public void A_scrolled_page_is_looked_for_far_away_and_a_new_one_is_not()
    {
        var random = new Random(8);
        var size = new PictureSize(1280, 800);
        using var run = new Run(size, H264Profile.ConstrainedBaseline, ChromaFormat.Yuv420, 1);
        MemoryScanout page = Desktop.Scanout(new PictureSize(size.Width, size.Height + 120));
        Desktop.FillWithText(page, random);
        page.Bytes[..run.Scanout.Length].CopyTo(run.Scanout.Bytes);
        run.Encode(new EncodeRequest(true, 0, null, 20_000_000));
        page.Bytes.Slice(120 * page.Stride, run.Scanout.Length).CopyTo(run.Scanout.Bytes);
        run.Encode(new EncodeRequest(false, 0, null, 20_000_000));
        Assert.True(run.SearchWasWide);
        Assert.InRange(run.Lengths[1], 1, run.Lengths[0] / 2);

        Desktop.DrawGlyph(run.Scanout, 5, 5, random);
        run.Encode(new EncodeRequest(false, 0, null, 20_000_000));
        Assert.True(run.SearchWasWide);
        Desktop.FillWithText(run.Scanout, random);
        run.Encode(new EncodeRequest(false, 0, null, 20_000_000));
        Assert.False(run.SearchWasWide);
        page.Release();
    }

    [Fact]
    public void Refinement_makes_text_lossless_to_the_eye()
    {
        using var run = new Run(new PictureSize(1280, 800), H264Profile.ConstrainedBaseline, ChromaFormat.Yuv420, 1);
        Desktop.FillWithText(run.Scanout, new Random(9));
        run.Encode(new EncodeRequest(true, 0, null, 300_000));
        double before = LastPsnr(run);
        for (int step = 1; step <= RefinementMap.LastStep; step++)
            run.Encode(new EncodeRequest(false, step, null, Room), nothingChanged: true);
        double after = LastPsnr(run);
        output.WriteLine($"{before:F1} dB, then {after:F1} dB; bytes {string.Join(' ', run.Lengths)}");
        Assert.True(before < 40);
        Assert.True(after >= 45);
    }

    [Fact]
    public void A_portion_sharpens_its_blocks_and_leaves_the_others_as_they_were()
    {
        var size = new PictureSize(1280, 800);
        using var run = new Run(size, H264Profile.ConstrainedBaseline, ChromaFormat.Yuv420, 1);
        Desktop.FillWithText(run.Scanout, new Random(9));
        run.Encode(new EncodeRequest(true, 0, null, 300_000));
        var none = new TileMap(size, PictureTarget.MacroblockSize);
        var map = new RefinementMap(size, inPortions: true);
        map.Commit(none, true, 0, 0);
        int portions = 0;
        for (long now = 200_000_000; map.NextNs < long.MaxValue; now += 16_000_000, portions++)
        {
            int step = map.Plan(none, now, 900);
            run.Encode(new EncodeRequest(false, step, map, Room), nothingChanged: true);
            map.Commit(none, false, step, now);
        }

        Assert.Equal(5, portions);
        output.WriteLine(string.Join(' ', run.Lengths));
        byte[] decoded = Ffmpeg.Decode(run.Stream, "nv12");
        int bytes = run.Shown[0].Length, width = size.Width;
        // Nine hundred blocks are eleven rows of them and a part of the next: what lies well below is untouched.
        int from = 13 * 16 * width, luma = width * size.Height;
        Assert.Equal(decoded.AsSpan(from, luma - from), decoded.AsSpan(bytes + from, luma - from));
        ReadOnlySpan<byte> sharp = decoded.AsSpan(bytes, 10 * 16 * width);
        Assert.True(Ffmpeg.Psnr(run.Shown[1].AsSpan(0, sharp.Length), sharp) >= 45);
        Assert.True(LastPsnr(run) >= 45);
    }

    [Fact]
    public void A_character_typed_on_a_coarse_screen_is_sharp_at_once_and_costs_few_bytes()
    {
        var random = new Random(4);
        var size = new PictureSize(1280, 800);
        using var run = new Run(size, H264Profile.ConstrainedBaseline, ChromaFormat.Yuv420, 1);
        Desktop.FillWithText(run.Scanout, random);
        run.Encode(new EncodeRequest(true, 0, null, 300_000));
        Desktop.DrawGlyph(run.Scanout, 50, 30, random);
        run.Encode(new EncodeRequest(false, 0, null, Room));
        output.WriteLine(string.Join(' ', run.Lengths));
        Assert.InRange(run.Lengths[1], 1, 1500);
        byte[] decoded = Ffmpeg.Decode(run.Stream, "nv12");
        int at = run.Shown[0].Length;
        var seen = new List<byte>();
        var shown = new List<byte>();
        for (int y = 30 * 16; y < 31 * 16; y++)
        {
            seen.AddRange(decoded.AsSpan(at + y * size.Width + 50 * 8, 8));
            shown.AddRange(run.Shown[1].AsSpan(y * size.Width + 50 * 8, 8));
        }

        Assert.True(Ffmpeg.Psnr(shown.ToArray(), seen.ToArray()) >= 42);
    }

    [Fact]
    public void Key_frames_come_on_request_only_and_start_with_parameter_sets()
    {
        var random = new Random(2);
        using var run = new Run(new PictureSize(640, 480), H264Profile.ConstrainedBaseline, ChromaFormat.Yuv420, 1);
        for (int i = 0; i < 40; i++)
        {
            // A wholly new picture: what an encoder with scene cuts would make a key frame of.
            Desktop.FillWithText(run.Scanout, random);
            run.Encode(new EncodeRequest(i is 0 or 20, 0, null, Room));
        }

        Assert.Equal([0, 20], run.KeyFrames);
        Assert.Equal([7, 8], run.NalTypes(20).Where(type => type is 7 or 8));
        Assert.All(Enumerable.Range(1, 19), i => Assert.Equal([1], run.NalTypes(i)));
        AssertAlike(run, 30);
    }

    [Theory]
    [InlineData(1920, 1080, H264Profile.ConstrainedBaseline, 42, "Constrained Baseline")]
    [InlineData(1280, 800, H264Profile.Main, 40, "Main")]
    [InlineData(3840, 2160, H264Profile.High, 52, "High")]
    public void The_parameter_sets_promise_no_delay_and_the_right_colours(int width, int height, H264Profile profile, int level, string name)
    {
        using var run = new Run(new PictureSize(width, height), profile, ChromaFormat.Yuv420, 1);
        Desktop.FillWithText(run.Scanout, new Random(1));
        run.Encode(new EncodeRequest(true, 0, null, Room));
        run.Encode(new EncodeRequest(false, 0, null, Room), nothingChanged: true);

        string probe = Ffmpeg.Probe(run.Stream);
        // x264 names a stream of Main or High that uses none of its tools by the lower profile: never a higher one.
        string profileLine = Regex.Match(probe, "^profile=(.*)$", RegexOptions.Multiline).Groups[1].Value;
        Assert.Contains(profileLine, (string[])[name, "Constrained Baseline"]);
        Assert.Contains($"level={level}\n", probe, StringComparison.Ordinal);
        Assert.Contains("has_b_frames=0\n", probe, StringComparison.Ordinal);
        Assert.Contains("color_range=tv\n", probe, StringComparison.Ordinal);
        Assert.Contains("color_space=bt709\n", probe, StringComparison.Ordinal);
        Assert.Contains("color_transfer=bt709\n", probe, StringComparison.Ordinal);
        Assert.Contains("color_primaries=bt709\n", probe, StringComparison.Ordinal);

        string headers = Ffmpeg.TraceHeaders(run.Stream);
        Assert.Equal("1", Element(headers, "bitstream_restriction_flag"));
        Assert.Equal("0", Element(headers, "max_num_reorder_frames"));
        Assert.Equal("1", Element(headers, "max_dec_frame_buffering"));
        Assert.Equal("2", Element(headers, "pic_order_cnt_type"));
        Assert.Equal("1", Element(headers, "max_num_ref_frames"));
    }

    [Fact]
    public void Full_chroma_keeps_coloured_text_sharp()
    {
        var size = new PictureSize(646, 360);
        using var run = new Run(size, H264Profile.High444, ChromaFormat.Yuv444, 1);
        Span<uint> pixels = Desktop.Pixels(run.Scanout);
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = i % 2 == 0 ? 0xffff0000 : 0xff0000ff;
        run.Encode(new EncodeRequest(true, 0, null, 20_000_000));
        for (int step = 1; step <= RefinementMap.LastStep; step++)
            run.Encode(new EncodeRequest(false, step, null, Room), nothingChanged: true);
        byte[] decoded = Ffmpeg.Decode(run.Stream, "yuv444p");
        int plane = size.Width * size.Height;
        ReadOnlySpan<byte> last = decoded.AsSpan(decoded.Length - 3 * plane);
        (byte[] y, byte[] cb, byte[] cr) = ReferenceConverter.ToYuv444(run.Scanout.Bytes, run.Scanout.Stride, size, PixelFormat.Xrgb8888);
        int padded = (size.Width + 15) & -16;
        byte[] expected = [.. Crop(y, padded, size), .. Crop(cb, padded, size), .. Crop(cr, padded, size)];
        double psnr = Ffmpeg.Psnr(expected, last);
        output.WriteLine($"{psnr:F1} dB");
        Assert.True(psnr >= 40);
        Assert.Contains("profile=High 4:4:4 Predictive", Ffmpeg.Probe(run.Stream), StringComparison.Ordinal);
    }

    [Fact]
    public void A_size_that_x264_cannot_encode_is_refused_with_its_reason()
    {
        var settings = new EncoderSettings(new PictureSize(1281, 16384), VideoFormat.Default, 1_000_000, 60);
        if (X264VideoEncoder.TryOpen(settings, 1, out X264VideoEncoder? encoder, out string? whyNot))
            encoder.Dispose();
        else
            Assert.Contains("1281x16384", whyNot, StringComparison.Ordinal);
        settings = settings with { Format = new VideoFormat(VideoCodec.Av1, default, ChromaFormat.Yuv420) };
        Assert.False(X264VideoEncoder.TryOpen(settings, 1, out _, out whyNot));
        Assert.Contains("Av1", whyNot, StringComparison.Ordinal);
    }

    private static byte[] Crop(byte[] plane, int stride, PictureSize size) =>
        [.. Enumerable.Range(0, size.Height).SelectMany(row => plane.Skip(row * stride).Take(size.Width))];

    private static string Element(string headers, string name) =>
        Regex.Match(headers, $@"\b{name}\s+\S+ = (\d+)").Groups[1].Value;

    private static double LastPsnr(Run run)
    {
        byte[] decoded = Ffmpeg.Decode(run.Stream, "nv12");
        return Ffmpeg.Psnr(run.Shown[^1], decoded.AsSpan(decoded.Length - run.Shown[^1].Length));
    }

    private void AssertAlike(Run run, double leastDb)
    {
        byte[] decoded = Ffmpeg.Decode(run.Stream, "nv12");
        int bytes = run.Shown[0].Length;
        Assert.Equal(run.Shown.Count * bytes, decoded.Length);
        double least = double.MaxValue;
        for (int i = 0; i < run.Shown.Count; i++)
            least = Math.Min(least, Ffmpeg.Psnr(run.Shown[i], decoded.AsSpan(i * bytes, bytes)));
        output.WriteLine($"least {least:F1} dB");
        Assert.True(least >= leastDb, $"{least:F1} dB is less than {leastDb}");
    }

    private sealed class Run : IDisposable
    {
        private readonly X264VideoEncoder _encoder;
        private readonly CpuConverter _converter = new();
        private readonly TileMap _damage;
        private readonly TileMap _changed;
        private readonly EncodedFramePool _pool = new();
        private readonly List<byte[]> _units = [];

        public Run(PictureSize size, H264Profile profile, ChromaFormat chroma, int threads)
        {
            var settings = new EncoderSettings(size, new VideoFormat(VideoCodec.H264, profile, chroma), 8_000_000, 60);
            Assert.True(X264VideoEncoder.TryOpen(settings, threads, out X264VideoEncoder? encoder, out string? whyNot), whyNot);
            _encoder = encoder;
            Scanout = Desktop.Scanout(size);
            _damage = DamageRegion.Create(size);
            _damage.Fill();
            _changed = new TileMap(size, PictureTarget.MacroblockSize);
        }

        public MemoryScanout Scanout { get; }

        public bool SearchWasWide => _encoder.LastSearchWasWide;

        public List<byte[]> Shown { get; } = [];

        public List<int> KeyFrames { get; } = [];

        public List<int> Lengths => [.. _units.Select(unit => unit.Length)];

        public byte[] Stream => [.. _units.SelectMany(unit => unit)];

        public void Encode(EncodeRequest request, bool nothingChanged = false)
        {
            PictureTarget target = _encoder.AcquireTarget();
            Assert.Equal(ConvertOutcome.Converted, _converter.Convert(Scanout, _damage, target, _changed));
            Assert.Equal(nothingChanged, _changed.IsEmpty);
            EncodedFrame frame = _pool.Rent();
            Assert.Equal(EncodeOutcome.Encoded, _encoder.Encode(target, _changed, request, frame));
            if (frame.IsKeyFrame)
                KeyFrames.Add(_units.Count);
            _units.Add(frame.Data.ToArray());
            if (target is HostPicture nv12)
                Shown.Add(Desktop.Visible(nv12));
            frame.Release();
        }

        public List<int> NalTypes(int unit)
        {
            byte[] data = _units[unit];
            var types = new List<int>();
            for (int i = 0; i + 3 < data.Length; i++)
            {
                if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1)
                    types.Add(data[i + 3] & 31);
            }

            return types;
        }

        public void Dispose()
        {
            _encoder.Dispose();
            _converter.Dispose();
            Scanout.Release();
        }
    }
}
