using QemuZeroCopy.Bench.Convert;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Interop.X264;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Encode;

/// <summary>
/// From damage to an access unit: conversion, comparison, choice of the quantizer and x264, beside x264 alone on
/// the NV12 pictures that came out, with the same settings and quantizers; picture by picture, in turns. The
/// second peer is x264 as it is commonly run: zerolatency, ultrafast, its own rate control.
/// </summary>
internal sealed class EncodeBench : IBenchmark
{
    private static readonly PictureSize Size = new(1920, 1080);

    public string Name => "encode";

    public string Summary => "damage to access unit at 1080p on one thread, beside bare x264";

    public BenchReport Run(int repeats, bool isSmoke)
    {
        var report = new BenchReport(Name, repeats);
        int pictures = isSmoke ? 4 : 60;
        Report(report, "full", Target.AtMost(1.1), repeats, pictures, (scanout, i) =>
        {
            Scenes.FillWithMotion(scanout, i);
            return new PixelRect(0, 0, Size.Width, Size.Height);
        });
        var random = new Random(5);
        Report(report, "typing", Target.AtMost(0.6), repeats, pictures, (scanout, i) => Scenes.DrawGlyph(scanout, 20 + i, 30, random));
        Report(report, "scroll", null, repeats, pictures, (scanout, i) =>
        {
            Scenes.Scroll(scanout, 4, i);
            return new PixelRect(0, 0, Size.Width, Size.Height);
        });
        DesktopScenes.Report(report, isSmoke);
        return report;
    }

    private static void Report(BenchReport report, string scene, Target? target, int repeats, int pictures, Func<MemoryScanout, int, PixelRect> next)
    {
        Samples ratio = new(), common = new(), ours = new(), bare = new(), slowest = new();
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            using var run = new SideBySide(Size);
            Samples mine = new(), same = new(), usual = new();
            for (int i = 0; i < pictures + 5; i++)
            {
                PixelRect damage = next(run.Scanout, i);
                (double m, double s, double u) = run.Encode(damage);
                // The first few warm up, and sharpen what the key frame left.
                if (i < 5)
                    continue;
                mine.Add(m);
                same.Add(s);
                usual.Add(u);
            }

            ratio.Add(mine.Median / same.Median);
            common.Add(mine.Median / usual.Median);
            ours.Add(mine.Median);
            bare.Add(same.Median);
            slowest.Add(mine.Max / mine.Median);
        }

        report.Add(new BenchRow { Metric = $"ratio_x264_{scene}", Unit = "ratio", Value = ratio.Median, Spread = ratio.Spread, Target = target, Peer = "bare x264, same settings" });
        report.Add(new BenchRow { Metric = $"ratio_x264_common_{scene}", Unit = "ratio", Value = common.Median, Spread = common.Spread, Peer = "x264 with its own rate control" });
        report.Add(new BenchRow { Metric = $"encode_ms_{scene}", Unit = "ms", Value = ours.Median, Spread = ours.Spread, Peer = "bare x264", PeerValue = bare.Median });
        report.Add(new BenchRow { Metric = $"slowest_to_median_{scene}", Unit = "ratio", Value = slowest.Median });
    }

    private sealed unsafe class SideBySide : IDisposable
    {
        private readonly CpuConverter _converter = new();
        private readonly X264VideoEncoder _ours;
        private readonly X264Encoder _same;
        private readonly X264Encoder _usual;
        private readonly EncodedFramePool _pool = new();
        private readonly TileMap _damage = DamageRegion.Create(Size);
        private readonly TileMap _changed = new(Size, PictureTarget.MacroblockSize);
        private long _pts;
        private (int Effort, bool IsWide) _search = (X264VideoEncoder.Effort, true);

        public SideBySide(PictureSize size)
        {
            var settings = new EncoderSettings(size, VideoFormat.Default, 8_000_000, 60);
            if (!X264VideoEncoder.TryOpen(settings, threads: 1, out X264VideoEncoder? ours, out string? whyNot))
                throw new InvalidOperationException(whyNot);
            _ours = ours;
            var config = new X264Config
            {
                Width = size.Width, Height = size.Height, FramesPerSecond = 60, Profile = 66, Threads = 1, Effort = X264VideoEncoder.Effort,
            };
            _same = X264Encoder.TryOpen(config, out whyNot) ?? throw new InvalidOperationException(whyNot);
            config.Crf = 23;
            config.KbitPerSecond = 8000;
            config.VbvKbit = 1600;
            config.Effort = 0;
            _usual = X264Encoder.TryOpen(config, out whyNot) ?? throw new InvalidOperationException(whyNot);
            Scanout = new MemoryScanout(size);
            Scenes.FillWithText(Scanout, 1);
            Encode(new PixelRect(0, 0, size.Width, size.Height));
        }

        public MemoryScanout Scanout { get; }

        /// <summary>Milliseconds of ours, of bare x264, and of x264 as usual.</summary>
        public (double Ours, double Same, double Usual) Encode(PixelRect damage)
        {
            var target = (HostPicture)_ours.AcquireTarget();
            EncodedFrame frame = _pool.Rent();
            double start = ThreadClock.NowMs;
            _damage.Clear();
            _damage.Add(damage);
            _converter.Convert(Scanout, _damage, target, _changed);
            _ours.Encode(target, _changed, new EncodeRequest(_pts == 0, 0, null, 1_200_000), frame);
            double ours = ThreadClock.NowMs - start;
            frame.Release();

            // The same settings: the effort that ours chose for this picture.
            if (_search != (_ours.LastEffort, _ours.LastSearchWasWide))
                _same.SetEffort(_ours.LastEffort, _ours.LastSearchWasWide);
            _search = (_ours.LastEffort, _ours.LastSearchWasWide);
            var picture = new X264Picture
            {
                Plane0 = target.Luma, Plane1 = target.Chroma, Stride0 = target.Stride, Stride1 = target.Stride,
                Qp = _ours.LastQuantizer, IsKeyFrame = _pts == 0 ? 1 : 0, Pts = _pts++,
            };
            start = ThreadClock.NowMs;
            _same.Encode(picture, out _);
            double same = ThreadClock.NowMs - start;
            start = ThreadClock.NowMs;
            _usual.Encode(picture, out _);
            return (ours, same, ThreadClock.NowMs - start);
        }

        public void Dispose()
        {
            _ours.Dispose();
            _same.Dispose();
            _usual.Dispose();
            _converter.Dispose();
            Scanout.Release();
        }
    }
}
