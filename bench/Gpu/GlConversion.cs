using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Gpu;

/// <summary>Conversion of a DMA-BUF by OpenGL ES. The NV12 of a host picture is copied by the processor there.</summary>
internal static class GlConversion
{
    public static void Measure(BenchReport report, int repeats, bool isSmoke)
    {
        using var chain = new GpuChain(GpuChoice.Gl);
        IGpuConverter? converter = null;
        string? whyNot = string.Join("; ", chain.Findings);
        if (chain.Steps.Count == 0 || !chain.Steps[0].TryOpen(out converter, out whyNot))
        {
            Unmeasured(report, "1080p", whyNot);
            Unmeasured(report, "4k", whyNot);
            return;
        }

        using (converter)
        {
            foreach (var (label, size) in (ReadOnlySpan<(string, PictureSize)>)[("1080p", new(1920, 1080)), ("4k", new(3840, 2160))])
            {
                using var buffer = new GuestBuffer("qzc-bench-gl", (long)size.Width * size.Height * 4);
                int frames = isSmoke ? 3 : (chain.Steps[0].IsSoftware ? 6 : 40) * repeats;
                if (!buffer.IsDmaBuf && !chain.Steps[0].IsSoftware)
                    Unmeasured(report, label, "no /dev/udmabuf: only a software GPU takes a memory file for a DMA-BUF");
                else if (ConversionTimes.Measure(converter, Scanout(buffer, size), frames) is (_, var gpu, var rest, _))
                    Add(report, label, gpu, rest, chain.Steps[0].Name);
                else
                    Unmeasured(report, label, "the device does not import the DMA-BUF");
            }
        }
    }

    private static void Add(BenchReport report, string label, Samples gpu, Samples rest, string device)
    {
        bool isTimed = gpu.Max > 0;
        report.Add(new BenchRow { Metric = $"gl_convert_ms_{label}", Unit = "ms", Value = isTimed ? gpu.Median : null, Spread = isTimed ? gpu.Spread : null, Note = device, Why = isTimed ? null : "the driver has no timestamps" });
        report.Add(new BenchRow { Metric = $"gl_submit_fence_and_copy_ms_{label}", Unit = "ms", Value = rest.Median, Spread = rest.Spread });
    }

    private static void Unmeasured(BenchReport report, string label, string? why) => report.AddUnmeasured($"gl_convert_ms_{label}", "ms", null, why ?? "no device");

    private static unsafe DmaBufScanout Scanout(GuestBuffer buffer, PictureSize size)
    {
        new Random(1).NextBytes(new Span<byte>((void*)buffer.Address, size.Width * size.Height * 4));
        SafeFileHandle fd = Fds.TryDuplicate(buffer.Fd) ?? throw new InvalidOperationException("The process has too many open files.");
        return new DmaBufScanout(size, PixelFormat.Xrgb8888, 0, [new DmaBufPlane(fd, 0, (uint)size.Width * 4)], 0, 0, size, bottomUp: false, bufferId: (ulong)size.Width);
    }
}
