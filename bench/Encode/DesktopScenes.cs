using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Bench.Convert;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Encode;

/// <summary>
/// Desk work through a whole console's pipeline, sixty frames a second, with a second of rest behind it: what each
/// picture cost the encode thread in processor time, all of it on that one thread. Key frames are told apart. Each picture
/// is encoded a second time a little later, which tells work that takes long from a machine that does.
/// </summary>
internal static class DesktopScenes
{
    // Of the pictures that cost more than twice the median, so many are described.
    private const int MostTold = 3;

    // Those of viewers that join while nothing moves; four a second are the most that are made.
    private const int KeyFrames = 3;

    private static readonly PictureSize s_size = new(1920, 1080);

    private static readonly (string Name, Func<DesktopPainter, int, PixelRect?> Paint)[] s_scenes =
    [
        ("typing", static (desktop, t) => t % 5 == 0 ? desktop.Type() : null),
        ("scroll", static (desktop, t) => desktop.Scroll(3)),
        ("drag", static (desktop, t) => desktop.Drag(t)),
        ("video", static (desktop, t) => t % 2 == 0 ? desktop.Video(t / 2) : null),
    ];

    public static void Report(BenchReport report, bool isSmoke)
    {
        int frames = isSmoke ? 6 : 240;
        foreach ((string name, Func<DesktopPainter, int, PixelRect?> paint) in s_scenes)
            Report(report, name, frames, (desktop, t, damage) => Add(damage, paint(desktop, t)));

        // Everything in its turn beside the video.
        Report(report, "combined", 2 * frames, (desktop, t, damage) =>
        {
            Add(damage, s_scenes[3].Paint(desktop, t));
            int turn = t % (2 * frames) * 4 / (2 * frames);
            if (turn < 3)
                Add(damage, s_scenes[turn].Paint(desktop, t));
        });
    }

    private static void Add(List<PixelRect> damage, PixelRect? rect)
    {
        if (rect is { } changed)
            damage.Add(changed);
    }

    private static void Report(BenchReport report, string name, int frames, Action<DesktopPainter, int, List<PixelRect>> paint)
    {
        var path = new OneThread();
        var sink = new TimingSink(path);
        var scanout = new MemoryScanout(s_size);
        var desktop = new DesktopPainter(scanout);
        using var mailbox = new FrameMailbox(new Discard());
        using var pipeline = new ConsolePipeline(mailbox, [path], sink, new ConsolePipelineOptions { Viewers = 1, BitsPerSecond = 20_000_000 });
        pipeline.Start();
        mailbox.SetScanout(scanout, MonotonicClock.NowNs);
        // The key frame, its refinement, and code compiled a second time.
        int before = Math.Min(frames, 60);
        Play(mailbox, desktop, 0, before, paint);
        Thread.Sleep(frames * 8);
        sink.Clear();
        Play(mailbox, desktop, before, frames, paint);
        Thread.Sleep(Math.Min(1000, frames * 5));
        // A smoke run is over before a busy machine has encoded anything.
        SpinWait.SpinUntil(() => sink.Count > 0, TimeSpan.FromSeconds(30));
        int others = sink.Count;
        for (int i = 0; i < KeyFrames; i++)
        {
            pipeline.RequestKeyFrame();
            Thread.Sleep(Math.Min(500, frames * 5));
        }

        pipeline.Dispose();

        Report(report, name, [.. sink.Pictures.Take(others)], sink.KeyFrames);
    }

    private static void Report(BenchReport report, string name, PictureCost[] pictures, List<PictureCost> keyFrames)
    {
        Samples times = Times(pictures, static picture => picture.Ms), work = Times(pictures, static picture => picture.WorkMs);
        foreach (PictureCost picture in pictures.Where(picture => picture.Ms > 2 * times.Median).OrderByDescending(static picture => picture.Ms).Take(MostTold))
            Console.WriteLine($"  {name}: {picture}");
        report.Add(new BenchRow { Metric = $"frame_ms_{name}", Unit = "ms", Value = times.Median, Percentiles = times.Percentiles(), Note = $"p95 {times.Percentile(95):F2}, max {times.Max:F2}, {times.Count} pictures, {pictures.Sum(static picture => (long)picture.Bytes) * 8 / 1e6:F1} Mbit" });
        report.Add(new BenchRow { Metric = $"slowest_to_median_desktop_{name}", Unit = "ratio", Value = times.Max / times.Median, Target = Target.AtMost(2) });
        report.Add(new BenchRow { Metric = $"slowest_work_to_median_desktop_{name}", Unit = "ratio", Value = work.Max / work.Median, Target = Target.AtMost(2), Note = $"of {work.Median:F2} ms; each picture encoded twice, the lesser time" });
        if (keyFrames.Count == 0)
            return;
        double keyMs = Times(keyFrames, static picture => picture.Ms).Median, keyWorkMs = Times(keyFrames, static picture => picture.WorkMs).Median;
        report.Add(new BenchRow { Metric = $"key_frame_to_median_desktop_{name}", Unit = "ratio", Value = keyMs / times.Median, Note = $"{keyMs:F2} ms, {keyWorkMs:F2} as the lesser time, {keyFrames[0].Bytes / 1000} kB at quantizer {keyFrames[0].Quantizer}" });
    }

    private static Samples Times(IEnumerable<PictureCost> pictures, Func<PictureCost, double> which)
    {
        var times = new Samples();
        foreach (PictureCost picture in pictures)
            times.Add(which(picture));
        return times;
    }

    private static void Play(FrameMailbox mailbox, DesktopPainter desktop, int first, int frames, Action<DesktopPainter, int, List<PixelRect>> paint)
    {
        var damage = new List<PixelRect>();
        long start = MonotonicClock.NowNs;
        for (int t = 0; t < frames; t++)
        {
            long leftNs = start + t * 1_000_000_000L / 60 - MonotonicClock.NowNs;
            if (leftNs > 0)
                Thread.Sleep(TimeSpan.FromTicks(leftNs / 100));
            damage.Clear();
            paint(desktop, first + t, damage);
            foreach (PixelRect rect in damage)
                mailbox.AddDamage(rect, MonotonicClock.NowNs);
        }
    }

    private sealed class OneThread : X264VideoPath
    {
        public override string Name => "cpu → x264, one thread";

        public WatchedEncoder? Encoder { get; private set; }

        public override bool Accepts(Scanout scanout) => scanout is CpuScanout;

        public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot)
        {
            (converter, whyNot) = (new CpuConverter(), null);
            return true;
        }

        public override bool TryOpenEncoder(in EncoderSettings settings, [NotNullWhen(true)] out IVideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot)
        {
            encoder = Encoder = X264VideoEncoder.TryOpen(settings, threads: 1, out X264VideoEncoder? x264, out whyNot)
                && X264VideoEncoder.TryOpen(settings, threads: 1, out X264VideoEncoder? twin, out whyNot) ? new WatchedEncoder(x264, new LateTwin(twin)) : null;
            return encoder is not null;
        }
    }

    private sealed class Discard : IFrameAcknowledger
    {
        public void Acknowledge(ulong sequence)
        {
        }
    }

    /// <summary>What each picture cost the encode thread.</summary>
    private sealed class TimingSink(OneThread path) : IEncodedFrameSink
    {
        private readonly Lock _gate = new();
        private List<PictureCost> _pictures = [], _keyFrames = [];

        public List<PictureCost> Pictures => _pictures;

        public int Count
        {
            get
            {
                lock (_gate)
                    return _pictures.Count;
            }
        }

        public List<PictureCost> KeyFrames => _keyFrames;

        public void Clear()
        {
            lock (_gate)
                (_pictures, _keyFrames) = ([], []);
        }

        public void Deliver(EncodedFrame frame)
        {
            PictureCost cost = path.Encoder!.TakeCost(frame.Length);
            lock (_gate)
                (frame.IsKeyFrame ? _keyFrames : _pictures).Add(cost);
            frame.Release();
        }

        public void SizeChanged(PictureSize? size)
        {
        }
    }
}
