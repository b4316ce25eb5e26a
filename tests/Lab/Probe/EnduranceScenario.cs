using System.Diagnostics;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>Frames as a guest with page flips makes them: a new scanout object for each, three buffers in turn.</summary>
internal static class EnduranceScenario
{
    public static void Run(Report report)
    {
        // GL takes three times as long here, for the same bookkeeping.
        foreach (var (choice, frames) in (ReadOnlySpan<(GpuChoice, int)>)[(GpuChoice.Vulkan, 10_000), (GpuChoice.Gl, 1_000)])
        {
            using var chain = new GpuChain(choice);
            if (!chain.Steps[0].TryOpen(out IGpuConverter? converter, out string? whyNot))
            {
                report.Add("endurance", $"{choice} opens", false, whyNot);
                continue;
            }

            using (converter)
                Endure(report, choice.ToString(), converter, frames);
        }
    }

    private static void Endure(Report report, string name, IGpuConverter converter, int frames)
    {
        var size = new PictureSize(128, 128);
        LabBuffer[] ring = [.. Enumerable.Range(0, 3).Select(_ => LabBuffer.FromCard("/dev/dri/card1", size, PixelFormat.Xrgb8888))];
        using var target = new HostPicture(size);
        TileMap damage = DamageRegion.Create(size), changed = new(size, PictureTarget.MacroblockSize);
        int fds = 0, converted = 0;
        long allocated = 0;
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < frames; i++)
        {
            if (i == 100)
                (fds, allocated) = (Directory.GetFiles("/proc/self/fd").Length, GC.GetAllocatedBytesForCurrentThread());
            LabBuffer buffer = ring[i % ring.Length];
            buffer.Memory[i * 4 % 4096] ^= 1;
            DmaBufScanout scanout = buffer.AsScanout();
            damage.Clear();
            damage.Set(i & 1, i >> 1 & 1);
            converted += converter.Convert(scanout, damage, target, changed) == ConvertOutcome.Converted ? 1 : 0;
            scanout.Release();
        }

        clock.Stop();
        int left = Directory.GetFiles("/proc/self/fd").Length - fds;
        report.Add("endurance", $"{name} converts every frame", converted == frames, "frames", converted);
        report.Add("endurance", $"{name} fds flat", left == 0, "more fds", left);
        report.Add("endurance", $"{name} imports each buffer once", converter.ImportsDone == ring.Length, "imports", converter.ImportsDone);
        report.Add("endurance", $"{name} ms per frame", true, "", clock.Elapsed.TotalMilliseconds / frames);
        report.Add("endurance", $"{name} allocates for the scanouts alone", true, "bytes per frame", (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)(frames - 100));
        foreach (LabBuffer buffer in ring)
            buffer.Dispose();
    }
}
