using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Encode;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>
/// A real QEMU with gl=on, attached to, converted on each API and encoded; then its CPU is stopped, the picture comes
/// to rest, and QEMU's own screendump says what should be seen.
/// </summary>
internal static class QemuScenario
{
    private const string Socket = "/tmp/qmp", Output = "/run/lab";
    private const int PatienceTenths = 700;
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(2), Motion = TimeSpan.FromSeconds(8), Rest = TimeSpan.FromSeconds(4);

    public static void Run(Report report)
    {
        foreach (GpuChoice choice in (GpuChoice[])[GpuChoice.Vulkan, GpuChoice.Gl])
            WatchAsync(report, choice).GetAwaiter().GetResult();
    }

    private static async Task WatchAsync(Report report, GpuChoice choice)
    {
        using var chain = new GpuChain(choice);
        var path = new LabPath(chain.Steps[0]);
        var notes = new DisplayNotes();
        using var sink = new StreamFiles($"{Output}/{choice}");
        // Emulated in an emulator, a conversion takes tens of milliseconds: QEMU's own limit is one second.
        using VmDisplay vm = await VmDisplay.AttachAsync(
            new DisplayEndpoint.Qmp(Socket), notes, new DisplayOptions { AttachTimeout = TimeSpan.FromSeconds(60), AcknowledgementTimeout = TimeSpan.FromMilliseconds(900) });
        ConsoleDisplay console = vm.Consoles[0];
        using (var pipeline = new ConsolePipeline(console.Frames, [path], sink, new ConsolePipelineOptions { Viewers = 1 }, notes))
        {
            pipeline.Start();
            for (int i = 0; i < PatienceTenths && pipeline.Statistics.FramesEncoded == 0; i++)
                await Task.Delay(100);
            // An emulated driver compiles for many seconds; what waited meanwhile is no finding.
            notes.Forget();
            await Task.Delay(Start);
            sink.Forget();
            int fds = Directory.GetFiles("/proc/self/fd").Length;
            await Task.Delay(Motion);
            await vm.Qmp!.ExecuteAsync("stop");
            await Task.Delay(Rest);
            report.Add("qemu", $"{choice} fds flat", Directory.GetFiles("/proc/self/fd").Length - fds is >= -6 and <= 6, "more fds", Directory.GetFiles("/proc/self/fd").Length - fds);
            await vm.Qmp.ExecuteAsync("screendump", json =>
            {
                json.WriteString("filename", $"{Output}/{choice}.ppm");
            });
            PipelineStatistics statistics = pipeline.Statistics;
            report.Add("qemu", $"{choice} DMA-BUF scanouts", notes.DmaBufs > 0, string.Join(", ", notes.Kinds), notes.DmaBufs);
            report.Add("qemu", $"{choice} pictures taken", statistics.FramesTaken > 10, "", statistics.FramesTaken);
            report.Add("qemu", $"{choice} access units", statistics.FramesEncoded > 10, $"{statistics.Converter}, {statistics.Encoder}", statistics.FramesEncoded);
            report.Add("qemu", $"{choice} last stream", sink.Current is not null, Path.GetFileName(sink.Current) ?? "");
            report.Add("qemu", $"{choice} imports", true, "", path.Converter?.ImportsDone);
            report.Add("qemu", $"{choice} bytes copied by the CPU", choice == GpuChoice.Gl || path.Converter is { CpuCopiedBytes: 0 }, "", path.Converter?.CpuCopiedBytes);
        }

        double[] held = sink.HeldMs();
        report.Add("qemu", $"{choice} ms that damage waited for its answer, median", true, $"max {held.LastOrDefault():f1}", held.Length == 0 ? null : held[held.Length / 2]);
        report.Add("qemu", $"{choice} damage ahead of its mode, late answers", true, string.Join(" | ", notes.Passing), notes.Passing.Count);
        report.Add("qemu", $"{choice} nothing refused", notes.Complaints.Count == 0, string.Join(" | ", notes.Complaints), notes.Complaints.Count);
        await vm.Qmp!.ExecuteAsync("cont");
    }
}
