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
/// of them, from a peer that plays QEMU; at the end it goes away with an update unanswered. Then some with the limit that
/// a guest is held for by default. Ten thousand are a unit test.
/// </summary>
internal static class StormScenario
{
    private const int DisableEvery = 7, Warmup = 100;
    private static readonly PictureSize s_size = new(128, 128);

    public static void Run(Report report)
    {
        using var chain = new GpuChain(GpuChoice.Vulkan);
        LabBuffer[] ring = [.. Enumerable.Range(0, 3).Select(_ => LabBuffer.FromCard("/dev/dri/card1", s_size, PixelFormat.Xrgb8888))];
        FlipAsync(report, "until it was read", chain.Steps[0], ring, 1_000, new DisplayOptions { LongestHold = TimeSpan.FromSeconds(9) }).GetAwaiter().GetResult();
        FlipAsync(report, "with the limit", chain.Steps[0], ring, 300, new DisplayOptions()).GetAwaiter().GetResult();
        foreach (LabBuffer buffer in ring)
            buffer.Dispose();
    }

    private static async Task FlipAsync(Report report, string name, GpuStep step, LabBuffer[] ring, int frames, DisplayOptions options)
    {
        (SafeFileHandle left, SafeFileHandle right) = UnixSockets.CreatePair();
        var notes = new DisplayNotes();
        using var peer = new DisplayPeer(left, new PeerConsole(0, "storm", (uint)s_size.Width, (uint)s_size.Height));
        using VmDisplay vm = await VmDisplay.AttachAsync(new DisplayEndpoint.Peer(right), notes, options with { AttachTimeout = TimeSpan.FromSeconds(60) });
        ListenerPeer listener = await peer.ListenerAsync(0);
        var sink = new FirstUnit();
        // Let go before its picture was read, a guest overtakes what converts and imports it.
        bool isEachRead = options.LongestHold > TimeSpan.FromSeconds(1);
        var path = new LabPath(step);
        using (var pipeline = new ConsolePipeline(vm.Consoles[0].Frames, [path], sink, new ConsolePipelineOptions { Viewers = 1, MaxFramesPerSecond = 240, Refine = false }, notes))
        {
            pipeline.Start();
            int answers = 0, fds = 0;
            var clock = Stopwatch.StartNew();
            for (int i = 0; i < frames; i++)
            {
                if (i == Warmup)
                    await sink.Came.Task;
                if (i == 2 * Warmup)
                    fds = Directory.GetFiles("/proc/self/fd").Length;
                LabBuffer buffer = ring[i % ring.Length];
                buffer.Memory[i * 4 % 4096] ^= 0x55;
                _ = listener.ScanoutDmaBuf(buffer.Fd, (uint)s_size.Width, (uint)s_size.Height, (uint)buffer.Stride, (uint)buffer.Format, 0, bottomUp: false);
                Task<string?> update = listener.UpdateDmaBuf(new PixelRect(0, 0, s_size.Width, s_size.Height));
                if (i % DisableEvery == 0)
                    _ = listener.Disable();
                answers += await update is null ? 1 : 0;
            }

            double msPerFlip = clock.Elapsed.TotalMilliseconds / frames;
            // What the last flips left on its way between the threads.
            await Task.Delay(500);
            int more = Directory.GetFiles("/proc/self/fd").Length - fds;
            PipelineStatistics statistics = pipeline.Statistics;
            report.Add("storm", $"{name}: updates answered", answers == frames && notes.Releases == frames && notes.Holds == frames, notes.HoldTimes.Summary, answers);
            report.Add("storm", $"{name}: more fds", Math.Abs(more) <= (isEachRead ? 3 : 6), "", more);
            report.Add("storm", $"{name}: imports", path.Converter!.ImportsDone is var imports && (isEachRead ? imports == ring.Length : imports >= 1 && imports <= ring.Length), "", path.Converter.ImportsDone);
            report.Add("storm", $"{name}: guest pixels read or copied by the CPU", statistics.CpuReadBytes + statistics.CpuCopiedBytes == 0, "bytes", statistics.CpuReadBytes + statistics.CpuCopiedBytes);
            report.Add("storm", $"{name}: pictures taken", statistics.FramesTaken > (isEachRead ? frames / 2 : 0), "", statistics.FramesTaken);
            report.Add("storm", $"{name}: access units", statistics.FramesEncoded > (isEachRead ? 50 : 0), "", statistics.FramesEncoded);
            report.Add("storm", $"{name}: ms for each flip", true, "", msPerFlip);

            // It goes away in the middle of an update: the display says so, and what was held is let go.
            _ = listener.UpdateDmaBuf(new PixelRect(0, 0, s_size.Width, s_size.Height));
            peer.Dispose();
            for (int i = 0; i < 100 && !notes.HasEnded; i++)
                await Task.Delay(100);
            report.Add("storm", $"{name}: the peer's end is told, nothing stays held", notes.HasEnded && notes.Holds == notes.Releases, $"{notes.Holds} held, {notes.Releases} released");
        }

        string[] complaints = [.. notes.Complaints.Where(line => !line.StartsWith("disconnected", StringComparison.Ordinal))];
        report.Add("storm", $"{name}: nothing refused", complaints.Length == 0, string.Join(" | ", complaints), complaints.Length);
    }

    private sealed class FirstUnit : IEncodedFrameSink
    {
        public TaskCompletionSource Came { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Deliver(EncodedFrame frame)
        {
            frame.Release();
            Came.TrySetResult();
        }

        public void SizeChanged(PictureSize? size)
        {
        }
    }
}
