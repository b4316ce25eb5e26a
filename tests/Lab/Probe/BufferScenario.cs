using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>Every exporter of the machine through every converter: right pixels, live memory, nothing touched by the CPU on import.</summary>
internal static class BufferScenario
{
    private static readonly (PictureSize Size, PixelFormat Format, int ExtraStride)[] Pictures =
    [
        (new(640, 480), PixelFormat.Xrgb8888, 0), (new(720, 400), PixelFormat.Xbgr8888, 64), (new(333, 201), PixelFormat.Argb8888, 36),
        (new(1, 1), PixelFormat.Abgr8888, 0), (new(130, 66), PixelFormat.Xrgb2101010, 8), (new(97, 131), PixelFormat.Abgr2101010, 0),
    ];

    public static void Run(Report report)
    {
        foreach (GpuChoice choice in (GpuChoice[])[GpuChoice.Vulkan, GpuChoice.Gl])
        {
            using var chain = new GpuChain(choice);
            foreach (GpuStep step in chain.Steps)
                RunStep(report, step, choice.ToString());
        }
    }

    private static void RunStep(Report report, GpuStep step, string name)
    {
        if (!step.TryOpen(out IGpuConverter? converter, out string? whyNot))
        {
            report.Add("buffers", $"{name} opens", false, whyNot);
            return;
        }

        using (converter)
        using (var judge = new Judge())
        {
            foreach (var (size, format, extra) in Pictures)
            {
                using (LabBuffer buffer = LabBuffer.FromUdmabuf(size, format, extra))
                    Check(report, $"{name} udmabuf {format} {size}", converter, judge, buffer);
                foreach (string card in (string[])["/dev/dri/card0", "/dev/dri/card1"])
                {
                    using LabBuffer buffer = LabBuffer.FromCard(card, size, format);
                    Check(report, $"{name} {Path.GetFileName(card)} {format} {size}", converter, judge, buffer);
                }
            }

            CheckBad(report, name, converter);
            CheckExporterLeaves(report, name, converter, judge);
        }
    }

    private static void Check(Report report, string what, IGpuConverter converter, Judge judge, LabBuffer buffer)
    {
        using var target = new HostPicture(buffer.Size);
        TileMap damage = DamageRegion.Create(buffer.Size), changed = new(buffer.Size, PictureTarget.MacroblockSize);
        long importsBefore = converter.ImportsDone;
        int worst = 0;
        foreach (bool bottomUp in (bool[])[false, true, false])
        {
            // Written after the import too: the second and third round read what the first imported.
            buffer.Scribble(buffer.Size.Width + (bottomUp ? 1 : 0));
            DmaBufScanout scanout = buffer.AsScanout(bottomUp);
            damage.Fill();
            ConvertOutcome outcome = converter.Convert(scanout, damage, target, changed);
            scanout.Release();
            if (outcome != ConvertOutcome.Converted)
            {
                report.Add("buffers", what, false, outcome.ToString());
                return;
            }

            worst = Math.Max(worst, judge.LargestDifference(buffer, target, bottomUp));
        }

        report.Add("buffers", what, worst <= 1 && converter.ImportsDone == importsBefore + 1, $"{converter.ImportsDone - importsBefore} imports, largest difference", worst);
    }

    private static void CheckBad(Report report, string name, IGpuConverter converter)
    {
        using LabBuffer buffer = LabBuffer.FromUdmabuf(new PictureSize(64, 64), PixelFormat.Xrgb8888, 0);
        using var target = new HostPicture(buffer.Size);
        TileMap damage = DamageRegion.Create(buffer.Size), changed = new(buffer.Size, PictureTarget.MacroblockSize);
        int fds = Directory.GetFiles("/proc/self/fd").Length, imports = converter.LiveImports;
        foreach (var (what, modifier, stride, planes) in (ReadOnlySpan<(string, ulong, uint, int)>)
            [("stride beyond the memory", 0, 1 << 20, 1), ("a modifier of another maker", 0x0200_0000_0000_0901, 256, 1), ("three planes", 0, 256, 3)])
        {
            var list = new DmaBufPlane[planes];
            for (int i = 0; i < planes; i++)
                list[i] = new DmaBufPlane(Fds.TryDuplicate((int)buffer.Fd.DangerousGetHandle())!, 0, stride);
            var scanout = new DmaBufScanout(buffer.Size, buffer.Format, modifier, list, 0, 0, buffer.Size, false, 1);
            damage.Fill();
            ConvertOutcome outcome = converter.Convert(scanout, damage, target, changed);
            scanout.Release();
            report.Add("buffers", $"{name} refuses {what}", outcome is ConvertOutcome.BadScanout or ConvertOutcome.Unsupported, outcome.ToString());
        }

        int left = Directory.GetFiles("/proc/self/fd").Length - fds;
        report.Add("buffers", $"{name} leaves nothing of what it refused", left == 0 && converter.LiveImports == imports, "fds", left);
    }

    private static void CheckExporterLeaves(Report report, string name, IGpuConverter converter, Judge judge)
    {
        var size = new PictureSize(256, 128);
        using var target = new HostPicture(size);
        TileMap damage = DamageRegion.Create(size), changed = new(size, PictureTarget.MacroblockSize);
        damage.Fill();
        DmaBufScanout orphan;
        int before;
        using (LabBuffer buffer = LabBuffer.FromCard("/dev/dri/card1", size, PixelFormat.Xrgb8888))
        {
            buffer.Scribble(9);
            orphan = buffer.AsScanout();
            converter.Convert(orphan, damage, target, changed);
            before = judge.LargestDifference(buffer, target, false);
        }

        // The exporter has closed everything it had; ours keeps the memory alive, and its content is the same.
        damage.Fill();
        ConvertOutcome outcome = converter.Convert(orphan, damage, target, changed);
        orphan.Release();
        report.Add("buffers", $"{name} outlives the exporter", before <= 1 && outcome == ConvertOutcome.Converted && changed.IsEmpty, $"{outcome}, changed", changed.Count);
    }
}
