using QemuZeroCopy.Interop.FFmpeg;
using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.Vaapi;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode.Vaapi;

/// <summary>FFmpeg's own h264_vaapi on a real libva, with a driver that encodes by software.</summary>
[Collection(CountsFds.Name)]
public sealed class VaapiEncoderTests
{
    private static readonly PictureSize Size = new(648, 362);
    private static readonly EncoderRate Rate = new(4_000_000, 30);

    [Fact]
    public void Doctor_sees_what_the_driver_encodes()
    {
        using VaDisplay display = SoftwareVa.Open();
        Assert.Contains("software VA driver", display.Vendor, StringComparison.Ordinal);
        Assert.Contains(new VaEncoderEntry(VaProfile.H264High, false), display.QueryEncoders());
        Assert.Null(VaapiSetup.TryChoose(Library(), display, VideoCodec.H265, exportSurfaces: true));
    }

    [Fact]
    public void Uploaded_pictures_come_out_as_they_went_in()
    {
        using VaDisplay display = SoftwareVa.Open();
        AssertPicturesSurvive(display, exportSurfaces: false, frames: 12);
    }

    [Fact]
    public void Pictures_written_into_exported_surfaces_come_out_as_they_went_in()
    {
        using VaDisplay display = SoftwareVa.Open();
        AssertPicturesSurvive(display, exportSurfaces: true, frames: 12);
    }

    [Theory]
    [InlineData("export-refused")]
    [InlineData("planes-per-layer=2")]
    [InlineData("max-surfaces=2")]
    public void A_driver_without_usable_surfaces_is_refused_at_start(string fault)
    {
        using VaDisplay display = SoftwareVa.Open(fault);
        VaapiSetup setup = Choose(display, exportSurfaces: true);
        int before = OpenFds();
        EncoderSetupException refusal = Assert.Throws<EncoderSetupException>(() => VaapiEncoder.Open(setup, Size, Rate));
        Assert.NotEmpty(refusal.Message);
        Assert.Equal(before, OpenFds());
    }

    [Fact]
    public void An_odd_modifier_is_passed_on_for_the_converter_to_judge()
    {
        using VaDisplay display = SoftwareVa.Open("modifier=0x100000000000002");
        using VaapiEncoder encoder = VaapiEncoder.Open(Choose(display, exportSurfaces: true), Size, Rate);
        Assert.Equal(0x100000000000002UL, Assert.IsType<DmaBufPicture>(encoder.AcquireTarget()).Modifier);
    }

    [Theory]
    [InlineData("encode-error=3")]
    [InlineData("device-lost=3")]
    public void A_failing_driver_is_an_outcome_and_leaks_nothing(string fault)
    {
        using VaDisplay display = SoftwareVa.Open(fault);
        int before = OpenFds();
        using (VaapiEncoder encoder = VaapiEncoder.Open(Choose(display, exportSurfaces: true), Size, Rate))
        {
            var scene = new SurfaceScene(Size);
            Assert.Equal(EncodeOutcome.Encoded, scene.Encode(encoder, 0).Outcome);
            Assert.Equal(EncodeOutcome.Encoded, scene.Encode(encoder, 1).Outcome);
            Assert.Equal(EncodeOutcome.DeviceLost, scene.Encode(encoder, 2).Outcome);
            Assert.NotEmpty(encoder.LastError);
        }

        Assert.Equal(before, OpenFds());
    }

    [Fact]
    public void Key_frames_come_first_and_on_request_only()
    {
        using VaDisplay display = SoftwareVa.Open();
        using VaapiEncoder encoder = VaapiEncoder.Open(Choose(display, exportSurfaces: true), Size, Rate);
        var scene = new SurfaceScene(Size);
        var keys = new List<int>();
        for (int i = 0; i < 400; i++)
        {
            if (scene.Encode(encoder, i % 8, keyFrame: i == 300).IsKeyFrame)
                keys.Add(i);
        }

        Assert.Equal([0, 300], keys);
    }

    [Fact]
    public void A_new_rate_changes_the_stream_without_a_key_frame()
    {
        using VaDisplay display = SoftwareVa.Open();
        using VaapiEncoder encoder = VaapiEncoder.Open(Choose(display, exportSurfaces: true), Size, new EncoderRate(8_000_000, 30));
        var scene = new SurfaceScene(Size);
        int before = 0, after = 0;
        for (int i = 0; i < 60; i++)
            before += i < 30 ? scene.Encode(encoder, i).Length * 0 : scene.Encode(encoder, i).Length;
        encoder.SetRate(1_000_000, 30);
        for (int i = 0; i < 60; i++)
        {
            SurfaceScene.Result result = scene.Encode(encoder, i + 60);
            Assert.False(result.IsKeyFrame);
            after += i < 30 ? 0 : result.Length;
        }

        Assert.True(after * 3 < before, $"30 frames took {before} bytes at 8 Mbit/s and {after} at 1 Mbit/s");
    }

    /// <summary>A small part moves in a picture with more detail than the rate has room for: the rate control alone spreads its bits.</summary>
    [Fact]
    public void What_moves_is_better_with_regions_of_interest_than_without()
    {
        (double without, long none) = MovingPart("regions=0", Low);
        (double with, long told) = MovingPart("", Low);
        TestContext.Current.TestOutputHelper?.WriteLine($"what moves: {without:F1} dB without regions, {with:F1} dB with {told} of them");
        Assert.Equal(0, none);
        Assert.True(told > 0);
        Assert.True(with > without + 1, $"{with:F1} dB with regions, {without:F1} dB without");
    }

    [Fact]
    public void A_driver_that_takes_offsets_with_constant_quantizers_only_is_left_alone_under_a_rate_control()
    {
        Assert.Equal(0, MovingPart("regions-need-cqp", Low).Told);
        Assert.Equal(0, MovingPart("only-cqp", Low).Told);
    }

    [Fact]
    public void With_constant_quantizers_a_picture_at_rest_is_sharpened_through_regions()
    {
        using VaDisplay display = SoftwareVa.Open("only-cqp");
        using VaapiEncoder encoder = VaapiEncoder.Open(Choose(display, exportSurfaces: true), Size, Rate);
        var scene = new SurfaceScene(Size);
        var refinement = new RefinementMap(Size);
        var everything = new TileMap(Size, PictureTarget.MacroblockSize);
        everything.Fill();
        using var stream = new MemoryStream();
        stream.Write(scene.Encode(encoder, 0).Data);
        stream.Write(scene.Encode(encoder, 1).Data);
        refinement.Commit(everything, isKeyFrame: false, 0, 0);
        everything.Clear();
        for (int step = 1; step <= RefinementMap.LastStep; step++)
        {
            long nowNs = (100 + step * 100) * 1_000_000L;
            Assert.Equal(step, refinement.Plan(everything, nowNs));
            stream.Write(scene.Refine(encoder, 1, new EncodeRequest(false, step, refinement)).Data);
            refinement.Commit(everything, isKeyFrame: false, step, nowNs);
        }

        double[] psnr = [.. ReferenceDecoder.DecodeNv12(stream.ToArray(), VideoCodec.H264, Size).Skip(1).Select(picture => ReferenceDecoder.Psnr(picture, scene.Packed(1)))];
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", psnr.Select(static value => $"{value:F1} dB")));
        for (int step = 1; step < psnr.Length; step++)
            Assert.True(psnr[step] > psnr[step - 1], $"step {step}: {psnr[step]:F2} dB after {psnr[step - 1]:F2} dB");
    }

    [Fact]
    public void Many_frames_leave_surfaces_and_fds_as_they_were()
    {
        using VaDisplay display = SoftwareVa.Open();
        using VaapiEncoder encoder = VaapiEncoder.Open(Choose(display, exportSurfaces: true), new PictureSize(128, 96), Rate);
        var scene = new SurfaceScene(new PictureSize(128, 96));
        for (int i = 0; i < 10; i++) // FFmpeg makes its reference surfaces with the first pictures
            scene.Encode(encoder, i);
        int before = OpenFds();
        for (int i = 10; i < 10_000; i++)
            Assert.Equal(EncodeOutcome.Encoded, scene.Encode(encoder, i).Outcome);
        Assert.Equal(before, OpenFds());
    }

    private static void AssertPicturesSurvive(VaDisplay display, bool exportSurfaces, int frames)
    {
        using VaapiEncoder encoder = VaapiEncoder.Open(Choose(display, exportSurfaces), Size, new EncoderRate(20_000_000, 30));
        var scene = new SurfaceScene(Size);
        using var stream = new MemoryStream();
        for (int i = 0; i < frames; i++)
            stream.Write(scene.Encode(encoder, i).Data);

        List<byte[]> decoded = ReferenceDecoder.DecodeNv12(stream.ToArray(), VideoCodec.H264, Size);
        Assert.Equal(frames, decoded.Count);
        for (int i = 0; i < frames; i++)
        {
            double psnr = ReferenceDecoder.Psnr(decoded[i], scene.Packed(i));
            Assert.True(psnr >= 35, $"picture {i}: {psnr:F1} dB");
        }
    }

    private static readonly EncoderRate Low = new(600_000, 30);

    /// <summary>Thirty pictures in which a tenth of the width and height moves: how good that part of the last one is, and how many regions were told.</summary>
    private static (double Psnr, long Told) MovingPart(string driver, EncoderRate rate)
    {
        var part = new PixelRect(320, 160, 64, 32);
        using VaDisplay display = SoftwareVa.Open(driver);
        using VaapiEncoder encoder = VaapiEncoder.Open(Choose(display, exportSurfaces: true), Size, rate);
        var scene = new SurfaceScene(Size) { Moving = part, Noise = 15 };
        using var stream = new MemoryStream();
        for (int i = 0; i < 30; i++)
            stream.Write(scene.Encode(encoder, i).Data);
        byte[] last = ReferenceDecoder.DecodeNv12(stream.ToArray(), VideoCodec.H264, Size)[^1];
        return (ReferenceDecoder.Psnr(Luma(last, part), Luma(scene.Packed(29), part)), encoder.RegionsMarked);
    }

    private static byte[] Luma(byte[] picture, PixelRect part) =>
        [.. Enumerable.Range(part.Y, part.Height).SelectMany(y => picture.Skip(y * Size.Width + part.X).Take(part.Width))];

    private static FFmpegLibrary Library()
    {
        Assert.True(FFmpegLibrary.TryOpen(out FFmpegLibrary? library, out string reason), reason);
        return library;
    }

    private static VaapiSetup Choose(VaDisplay display, bool exportSurfaces)
    {
        VaapiSetup? setup = VaapiSetup.TryChoose(Library(), display, VideoCodec.H264, exportSurfaces);
        Assert.NotNull(setup);
        return setup;
    }

    /// <summary>Fds of surfaces; whatever else the process has open comes and goes with the collector.</summary>
    private static int OpenFds() => new DirectoryInfo("/proc/self/fd").GetFiles().Count(static fd => IsSurface(fd.LinkTarget));

    private static bool IsSurface(string? target) =>
        target is not null && (target.Contains("va-software", StringComparison.Ordinal) || target.Contains("dmabuf", StringComparison.Ordinal));
}
