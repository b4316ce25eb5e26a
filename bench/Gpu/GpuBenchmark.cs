using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Gpu;

/// <summary>
/// Import and conversion on the best Vulkan device, by its own timestamps, the same on the best one of OpenGL ES, and how
/// long a guest is held for them.
/// </summary>
internal sealed class GpuBenchmark : IBenchmark
{
    // What the kernel moves for each pixel: 4 bytes read, 1.5 written; the hashes are 128 bytes for 4096 pixels.
    private const double BytesPerPixel = 5.5;

    public string Name => "gpu";

    public string Summary => "import and conversion by Vulkan and OpenGL ES, GPU timestamps; how long a guest is held";

    public BenchReport Run(int repeats, bool isSmoke)
    {
        var report = new BenchReport(Name, repeats);
        MeasureVulkan(report, repeats, isSmoke);
        GlConversion.Measure(report, repeats, isSmoke);
        return report;
    }

    private static void MeasureVulkan(BenchReport report, int repeats, bool isSmoke)
    {
        using var chain = new GpuChain(GpuChoice.Vulkan);
        string? whyNot = chain.Findings.Count == 0 ? "no device" : string.Join("; ", chain.Findings);
        if (chain.Steps.Count == 0 || !chain.Steps[0].TryOpen(out IGpuConverter? converter, out whyNot))
        {
            Unmeasured(report, whyNot);
            return;
        }

        using (converter)
        {
            Console.WriteLine($"  on {chain.Steps[0].Name}: {chain.Steps[0].Capabilities}");
            foreach (var (label, size) in (ReadOnlySpan<(string, PictureSize)>)[("1080p", new(1920, 1080)), ("4k", new(3840, 2160))])
                Measure(report, converter, chain.Steps[0].IsSoftware, label, size, isSmoke ? 3 : (chain.Steps[0].IsSoftware ? 6 : 40) * repeats);
            GuestHolds.Measure(report, chain.Steps[0], "1080p", new PictureSize(1920, 1080), isSmoke ? 6 : 600);
            report.Add(new BenchRow { Metric = "cpu_bytes_copied", Unit = "count", Value = converter.CpuCopiedBytes, Target = Target.AtMost(0) });
        }
    }

    private static void Measure(BenchReport report, IGpuConverter converter, bool isSoftware, string label, PictureSize size, int frames)
    {
        long bytes = (long)size.Width * size.Height * 4;
        using var fd = MemFd.Create("qzc-bench", bytes);
        using MemoryMapping mapping = MemoryMapping.TryMap(fd, bytes) ?? throw new InvalidOperationException("mmap of a memfd failed.");
        Fill(mapping, bytes);
        if (ConversionTimes.Measure(converter, new MappedScanout(size, mapping.Address), frames) is not (var firstImportUs, var gpu, var fence, var import))
        {
            report.AddUnmeasured($"convert_ms_{label}", "ms", null, "the device does not import host memory");
            return;
        }

        report.Add(new BenchRow { Metric = $"convert_ms_{label}", Unit = "ms", Value = gpu.Median, Spread = gpu.Spread, Percentiles = gpu.Percentiles() });
        report.Add(new BenchRow { Metric = $"submit_and_fence_ms_{label}", Unit = "ms", Value = fence.Median, Spread = fence.Spread, Percentiles = fence.Percentiles() });
        report.Add(new BenchRow { Metric = $"first_import_us_{label}", Unit = "us", Value = firstImportUs });
        report.Add(new BenchRow { Metric = $"bandwidth_gbps_{label}", Unit = "GB/s", Value = size.Width * (double)size.Height * BytesPerPixel / (gpu.Median * 1e6) });
        if (label != "4k")
            return;
        report.AddUnmeasured("bandwidth_share_4k", "ratio", Target.AtLeast(0.6), isSoftware
            ? "a rasterizer on the CPU has no memory bandwidth of its own"
            : "the picture lies in host memory here: no exporter of device-local DMA-BUFs; see bandwidth_gbps_4k");
        // Less than a microsecond is a look into a table of six: nothing is imported.
        report.Add(new BenchRow { Metric = "cached_import_us", Unit = "us", Value = import.Median, Spread = import.Spread, Target = Target.AtMost(1) });
    }

    private static unsafe void Fill(MemoryMapping mapping, long bytes) => new Random(1).NextBytes(new Span<byte>((void*)mapping.Address, (int)bytes));

    private static void Unmeasured(BenchReport report, string? why)
    {
        report.AddUnmeasured("cpu_bytes_copied", "count", Target.AtMost(0), why ?? "no device");
        report.AddUnmeasured("bandwidth_share_4k", "ratio", Target.AtLeast(0.6), why ?? "no device");
        report.AddUnmeasured("cached_import_us", "us", Target.AtMost(1), why ?? "no device");
    }

    private sealed class MappedScanout(PictureSize size, nint pixels) : CpuScanout(size, PixelFormat.Xrgb8888, size.Width * 4)
    {
        public override nint Pixels => pixels;

        protected override void Free()
        {
        }
    }
}
