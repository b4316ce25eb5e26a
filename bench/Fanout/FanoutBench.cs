using System.Diagnostics;
using System.Globalization;
using System.Net;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Bench.Fanout;

/// <summary>
/// What each further viewer of one 1080p60 stream of 10 Mbit/s costs the network thread, and how long it waits for it. The
/// real network thread here, the viewers in a process of their own, loopback UDP between them.
/// </summary>
internal sealed class FanoutBench : IBenchmark
{
    private const int FramesPerSecond = 60;
    private const int FrameBytes = 10_000_000 / 8 / FramesPerSecond;

    public string Name => "fanout";

    public string Summary => "cost of each further viewer of one 1080p60 10 Mbit/s stream, and what it does to their delay";

    public BenchReport Run(int repeats, bool isSmoke)
    {
        int many = isSmoke ? 4 : 50;
        TimeSpan span = TimeSpan.FromSeconds(isSmoke ? 1 : 6), settling = TimeSpan.FromSeconds(isSmoke ? 0.5 : 4);
        using var metrics = new ServerMetrics();
        using MediaService media = MediaService.Start(new ServeSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0), UdpPort = 0, IceTcpPort = 0 }, metrics);
        using var source = new Source(media.HubOf(0));
        using var viewers = ViewerProcess.Start();
        viewers.Join(media, 1);
        Thread.Sleep(settling);
        Figures single = Measure(viewers, span, repeats);
        viewers.Join(media, many - 1);
        Thread.Sleep(settling);
        Figures all = Measure(viewers, span, repeats);
        return Report(single, all, many, repeats);
    }

    private static Figures Measure(ViewerProcess viewers, TimeSpan span, int repeats)
    {
        var figures = new Figures(new Samples(), new Samples(), new Samples());
        for (int i = 0; i < repeats; i++)
        {
            viewers.Reset();
            long startNs = NetworkThreadNs(), start = Stopwatch.GetTimestamp();
            Thread.Sleep(span);
            figures.CoreShare.Add((NetworkThreadNs() - startNs) / Stopwatch.GetElapsedTime(start).TotalNanoseconds);
            ViewerDelay[] delays = viewers.Delays();
            int fewest = delays.Min(d => d.Frames);
            if (fewest < 0.9 * FramesPerSecond * span.TotalSeconds)
                Console.WriteLine($"  somebody got only {fewest} frames in {span.TotalSeconds:0} s");
            figures.P99Ms.Add(delays.Max(d => d.P99Ms));
            figures.Frames.Add(fewest);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {delays.Length,2} viewers: {figures.CoreShare.Values[^1]:P2} of a core, worst p99 {delays.Max(d => d.P99Ms):0.00} ms, median p50 {delays[delays.Length / 2].P50Ms:0.00} ms"));
        }

        return figures;
    }

    private static BenchReport Report(Figures single, Figures all, int many, int repeats)
    {
        var report = new BenchReport("fanout", repeats);
        double perViewer = (all.CoreShare.Median - single.CoreShare.Median) / (many - 1);
        report.Add(new BenchRow { Metric = "core_share_per_viewer", Unit = "%", Value = 100 * perViewer, Spread = 100 * all.CoreShare.Spread / (many - 1), Target = Target.AtMost(1) });
        report.Add(new BenchRow { Metric = "ratio_p99", Unit = "ratio", Value = all.P99Ms.Median / single.P99Ms.Median, Target = Target.AtMost(2) });
        report.Add(new BenchRow { Metric = "core_share_1", Unit = "%", Value = 100 * single.CoreShare.Median, Spread = 100 * single.CoreShare.Spread });
        report.Add(new BenchRow { Metric = $"core_share_{many}", Unit = "%", Value = 100 * all.CoreShare.Median, Spread = 100 * all.CoreShare.Spread });
        report.Add(new BenchRow { Metric = "p99_ms_1", Unit = "ms", Value = single.P99Ms.Median, Spread = single.P99Ms.Spread });
        report.Add(new BenchRow { Metric = $"p99_ms_{many}", Unit = "ms", Value = all.P99Ms.Median, Spread = all.P99Ms.Spread });
        report.Add(new BenchRow { Metric = $"frames_fewest_{many}", Unit = "count", Value = all.Frames.Percentile(0) });
        return report;
    }

    /// <summary>Time on a processor of the thread named qzc-network (proc(5), schedstat).</summary>
    private static long NetworkThreadNs()
    {
        string task = Directory.GetDirectories("/proc/self/task").First(static task => File.ReadAllText(Path.Combine(task, "comm")).Trim() == "qzc-network");
        return long.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private readonly record struct Figures(Samples CoreShare, Samples P99Ms, Samples Frames);

    /// <summary>Delivers frames as an encode thread does, sixty a second; each carries the time at which it was delivered.</summary>
    private sealed class Source : IDisposable
    {
        private readonly ViewerHub _hub;
        private readonly EncodedFramePool _pool = new();
        private readonly Thread _thread;
        private volatile bool _stopping;

        public Source(ViewerHub hub)
        {
            _hub = hub;
            _thread = new Thread(Run) { IsBackground = true, Name = "source" };
            _thread.Start();
        }

        public void Dispose()
        {
            _stopping = true;
            _thread.Join();
        }

        private void Run()
        {
            long nextNs = MonotonicClock.NowNs;
            for (int i = 0; !_stopping; i++)
            {
                nextNs += 1_000_000_000 / FramesPerSecond;
                long waitNs = nextNs - MonotonicClock.NowNs;
                if (waitNs > 0)
                    Thread.Sleep(TimeSpan.FromTicks(waitNs / 100));
                // Viewers that come begin with one of these; all frames are of a size.
                Deliver(isKey: i % FramesPerSecond == 0);
            }
        }

        private void Deliver(bool isKey)
        {
            EncodedFrame frame = _pool.Rent();
            Span<byte> unit = frame.Reserve(FrameBytes);
            unit.Fill(0x55);
            unit[..3].Clear();
            unit[3] = 1;
            unit[4] = (byte)(isKey ? 0x65 : 0x41);
            int number = ViewerDelay.NumberOf(MonotonicClock.NowNs);
            for (int i = 0; i < 4; i++)
                unit[5 + i] = (byte)(0x80 | ((number >> (21 - (7 * i))) & 0x7F));
            frame.Advance(FrameBytes);
            frame.IsKeyFrame = isKey;
            frame.Size = new PictureSize(1920, 1080);
            long now = MonotonicClock.NowNs;
            frame.Timeline = new FrameTimeline { DamageNs = now, TakenNs = now, EncodedNs = now };
            _hub.Deliver(frame);
        }
    }
}
