using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>
/// The whole way, from the messages to access units, for a thousand page flips of real DMA-BUFs with a Disable every few
/// of them, from a peer that plays QEMU; at the end it goes away with an update unanswered. Ten thousand are a unit test.
/// </summary>
internal static class StormScenario
{
    private const int Frames = 1_000, DisableEvery = 7, Warmup = 100;
    private static readonly PictureSize s_size = new(128, 128);

    public static void Run(Report report) => RunAsync(report).GetAwaiter().GetResult();

    private static async Task RunAsync(Report report)
    {
        using var chain = new GpuChain(GpuChoice.Vulkan);
        (SafeFileHandle left, SafeFileHandle right) = UnixSockets.CreatePair();
        var notes = new DisplayNotes();
        using var peer = new DisplayPeer(left, new PeerConsole(0, "storm", (uint)s_size.Width, (uint)s_size.Height));
        using VmDisplay vm = await VmDisplay.AttachAsync(
            new DisplayEndpoint.Peer(right), notes, new DisplayOptions { AttachTimeout = TimeSpan.FromSeconds(60), LongestHold = TimeSpan.FromSeconds(9) });
        ListenerPeer listener = await peer.ListenerAsync(0);
        LabBuffer[] ring = [.. Enumerable.Range(0, 3).Select(_ => LabBuffer.FromCard("/dev/dri/card1", s_size, PixelFormat.Xrgb8888))];
        using var sink = new StreamFiles("/run/lab/storm");
        var path = new LabPath(chain.Steps[0]);
        using (var pipeline = new ConsolePipeline(vm.Consoles[0].Frames, [path], sink, new ConsolePipelineOptions { Viewers = 1, MaxFramesPerSecond = 240, Refine = false }, notes))
        {
            pipeline.Start();
            int answers = 0, fds = 0;
            var clock = Stopwatch.StartNew();
            for (int i = 0; i < Frames; i++)
            {
                if (i == Warmup)
                    fds = Directory.GetFiles("/proc/self/fd").Length;
                LabBuffer buffer = ring[i % ring.Length];
                buffer.Memory[i * 4 % 4096] ^= 0x55;
                _ = listener.ScanoutDmaBuf(buffer.Fd, (uint)s_size.Width, (uint)s_size.Height, (uint)buffer.Stride, (uint)buffer.Format, 0, bottomUp: false);
                Task<string?> update = listener.UpdateDmaBuf(new PixelRect(0, 0, s_size.Width, s_size.Height));
                if (i % DisableEvery == 0)
                    _ = listener.Disable();
                answers += await update is null ? 1 : 0;
            }

            // What the last flips left on its way between the threads.
            await Task.Delay(500);
            int more = Directory.GetFiles("/proc/self/fd").Length - fds;
            PipelineStatistics statistics = pipeline.Statistics;
            report.Add("storm", "updates answered", answers == Frames && notes.Releases == Frames && notes.Holds == Frames, $"{notes.Holds} held, {notes.Releases} released", answers);
            report.Add("storm", "more fds", more is >= -3 and <= 3, "", more);
            report.Add("storm", "imports", path.Converter!.ImportsDone == ring.Length, "", path.Converter.ImportsDone);
            report.Add("storm", "guest pixels read or copied by the CPU", statistics.CpuReadBytes + statistics.CpuCopiedBytes == 0, "bytes", statistics.CpuReadBytes + statistics.CpuCopiedBytes);
            report.Add("storm", "pictures taken", statistics.FramesTaken > Frames / 2, "", statistics.FramesTaken);
            report.Add("storm", "access units", statistics.FramesEncoded > 50, "", statistics.FramesEncoded);
            report.Add("storm", "ms for each flip", true, "", clock.Elapsed.TotalMilliseconds / Frames);

            // It goes away in the middle of an update: the display says so, and what was held is let go.
            _ = listener.UpdateDmaBuf(new PixelRect(0, 0, s_size.Width, s_size.Height));
            peer.Dispose();
            for (int i = 0; i < 100 && !notes.HasEnded; i++)
                await Task.Delay(100);
            report.Add("storm", "the peer's end is told, nothing stays held", notes.HasEnded && notes.Holds == notes.Releases, $"{notes.Holds} held, {notes.Releases} released");
        }

        foreach (LabBuffer buffer in ring)
            buffer.Dispose();
        string[] complaints = [.. notes.Complaints.Where(line => !line.StartsWith("disconnected", StringComparison.Ordinal))];
        report.Add("storm", "nothing refused", complaints.Length == 0, string.Join(" | ", complaints), complaints.Length);
    }
}
