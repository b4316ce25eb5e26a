using System.Runtime.InteropServices;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Convert;

/// <summary>
/// Our conversion, which also compares, on one thread beside libyuv's, which does not, and memcpy of the same
/// picture; in turns, so that all see the same machine. Every picture differs from the one before.
/// </summary>
internal sealed unsafe class ConvertBench : IBenchmark
{
    public string Name => "convert";

    public string Summary => "BGRX to NV12 on one thread, beside libyuv and memcpy";

    public BenchReport Run(int repeats, bool isSmoke)
    {
        var report = new BenchReport(Name, repeats);
        int rounds = isSmoke ? 3 : 40;
        Measure(report, new PictureSize(1920, 1080), "1080p", 2, repeats, rounds);
        Measure(report, new PictureSize(3840, 2160), "4k", 1.2, repeats, rounds / 2 + 1);
        return report;
    }

    private static void Measure(BenchReport report, PictureSize size, string suffix, double target, int repeats, int rounds)
    {
        var a = new MemoryScanout(size);
        var b = new MemoryScanout(size);
        Scenes.FillWithMotion(a, 0);
        Scenes.FillWithMotion(b, 9);
        using var converter = new CpuConverter();
        using var picture = new HostPicture(size);
        using var theirs = new HostPicture(size);
        byte* copy = (byte*)NativeMemory.AlignedAlloc((nuint)a.Length, 64);
        TileMap all = DamageRegion.Create(size), few = DamageRegion.Create(size), changed = new(size, PictureTarget.MacroblockSize);
        all.Fill();
        // 5 % of the tiles, spread over the picture.
        for (int i = 0; i < all.Columns * all.Rows; i += 20)
            few.Set(i % all.Columns, i / all.Columns);

        Samples ratio = new(), ratioFew = new(), ratioSame = new(), ours = new(), yuv = new(), memcpy = new();
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            Samples mine = new(), mineFew = new(), mineSame = new(), libyuv = new(), plain = new();
            for (int round = 0; round < rounds; round++)
            {
                MemoryScanout source = round % 2 == 0 ? a : b;
                libyuv.Add(ThreadClock.Measure(() => _ = LibYuv.ArgbToNv12((byte*)source.Pixels, source.Stride, theirs.Luma, theirs.Stride, theirs.Chroma, theirs.Stride, size.Width, size.Height)));
                mine.Add(ThreadClock.Measure(() => converter.Convert(source, all, picture, changed)));
                mineSame.Add(ThreadClock.Measure(() => converter.Convert(source, all, picture, changed)));
                plain.Add(ThreadClock.Measure(() => Buffer.MemoryCopy((byte*)source.Pixels, copy, source.Length, source.Length)));
                MemoryScanout other = round % 2 == 0 ? b : a;
                mineFew.Add(ThreadClock.Measure(() => converter.Convert(other, few, picture, changed)));
            }

            ratio.Add(libyuv.Median / mine.Median);
            ratioFew.Add(libyuv.Median / mineFew.Median);
            ratioSame.Add(libyuv.Median / mineSame.Median);
            ours.Add(mine.Median);
            yuv.Add(libyuv.Median);
            memcpy.Add(plain.Median);
        }

        report.Add(new BenchRow { Metric = $"ratio_libyuv_{suffix}", Unit = "ratio", Value = ratio.Median, Spread = ratio.Spread, Target = Target.AtLeast(target), Peer = "libyuv" });
        if (suffix == "1080p")
            report.Add(new BenchRow { Metric = "ratio_libyuv_damage5", Unit = "ratio", Value = ratioFew.Median, Spread = ratioFew.Spread, Target = Target.AtLeast(10), Peer = "libyuv" });
        report.Add(new BenchRow { Metric = $"ratio_libyuv_unchanged_{suffix}", Unit = "ratio", Value = ratioSame.Median, Spread = ratioSame.Spread, Peer = "libyuv" });
        report.Add(new BenchRow { Metric = $"convert_ms_{suffix}", Unit = "ms", Value = ours.Median, Spread = ours.Spread, Peer = "libyuv", PeerValue = yuv.Median });
        report.Add(new BenchRow { Metric = $"memcpy_ms_{suffix}", Unit = "ms", Value = memcpy.Median, Spread = memcpy.Spread });
        a.Release();
        b.Release();
        NativeMemory.AlignedFree(copy);
    }
}
