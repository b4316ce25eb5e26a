using System.Diagnostics;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Bench.Gpu;

/// <summary>
/// How long UpdateDMABUF holds a guest that flips between three buffers at 60 Hz, from the message's arrival to the answer,
/// and as the guest sees it: the whole way, with conversion, x264 and the limit of one frame. While drivers and encoder
/// are opened and code is compiled, in the first second, counts by itself.
/// </summary>
internal static class GuestHolds
{
    private const int Buffers = 3, FramesPerSecond = 60;
    private const uint Xr24 = 0x34325258;
    private const double FrameMs = 1000.0 / FramesPerSecond;
    private static readonly string[] s_metrics = ["first", "starting_max", "p50", "p99", "max"];

    public static void Measure(BenchReport report, GpuStep step, string label, PictureSize size, int frames)
    {
        MeasureAsync(report, step, label, size, frames).GetAwaiter().GetResult();
    }

    private static async Task MeasureAsync(BenchReport report, GpuStep step, string label, PictureSize size, int frames)
    {
        GuestBuffer[] ring = [.. Enumerable.Range(0, Buffers).Select(i => new GuestBuffer($"flip{i}", (long)size.Width * size.Height * 4))];
        if (!ring[0].IsDmaBuf && !step.IsSoftware)
        {
            Unmeasured(report, label, "no /dev/udmabuf: only a software GPU takes a memory file for a DMA-BUF");
            return;
        }

        (var left, var right) = UnixSockets.CreatePair();
        var events = new Events();
        Samples seen = new(), starting = new();
        using var peer = new DisplayPeer(left, new PeerConsole(0, "flips", (uint)size.Width, (uint)size.Height));
        using VmDisplay vm = await VmDisplay.AttachAsync(new DisplayEndpoint.Peer(right), events).ConfigureAwait(false);
        ListenerPeer listener = await peer.ListenerAsync(0).ConfigureAwait(false);
        using var pipeline = new ConsolePipeline(vm.Consoles[0].Frames, [new GpuVideoPath(step)], new Discard(), new ConsolePipelineOptions { Viewers = 1, Refine = false });
        pipeline.Start();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < frames + FramesPerSecond; i++)
        {
            TimeSpan due = TimeSpan.FromMilliseconds(i * FrameMs) - Stopwatch.GetElapsedTime(start);
            if (due > TimeSpan.Zero)
                await Task.Delay(due).ConfigureAwait(false);
            if (i == FramesPerSecond)
                (starting, _) = events.TakeAll();
            GuestBuffer buffer = ring[i % Buffers];
            Draw(buffer, size, i);
            _ = listener.ScanoutDmaBuf(buffer.Fd, (uint)size.Width, (uint)size.Height, (uint)size.Width * 4, Xr24, 0, bottomUp: false);
            long sent = Stopwatch.GetTimestamp();
            await listener.UpdateDmaBuf(new PixelRect(0, 0, size.Width, size.Height)).ConfigureAwait(false);
            if (i >= FramesPerSecond)
                seen.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }

        (Samples held, int unread) = events.TakeAll();
        Report(report, label, starting, held, unread, seen);
        foreach (GuestBuffer buffer in ring)
            buffer.Dispose();
    }

    private static void Report(BenchReport report, string label, Samples starting, Samples held, int unread, Samples seen)
    {
        string note = $"{unread} of {held.Count} were answered by the limit, before they were read; the guest saw p50 {seen.Median:F2}, p99 {seen.Percentile(99):F2}, max {seen.Max:F2} ms";
        double first = starting.Values[0];
        foreach ((string name, double value) in s_metrics.Zip([first, starting.Max, held.Median, held.Percentile(99), held.Max]))
            report.Add(new BenchRow { Metric = $"hold_ms_{name}_{label}", Unit = "ms", Value = value, Percentiles = name == "p50" ? held.Percentiles() : null, Note = name == "p50" ? note : null });
        int above = held.Values.Concat(starting.Values).Count(static ms => ms > FrameMs);
        report.Add(new BenchRow
        {
            Metric = $"hold_above_frame_{label}", Unit = "ratio", Value = (double)above / (held.Count + starting.Count), Note = $"{above} of {held.Count + starting.Count}, longer than {FrameMs:F1} ms",
        });
    }

    private static void Unmeasured(BenchReport report, string label, string why)
    {
        foreach (string name in s_metrics)
            report.AddUnmeasured($"hold_ms_{name}_{label}", "ms", null, why);
        report.AddUnmeasured($"hold_above_frame_{label}", "ratio", null, why);
    }

    // A window that moves: a guest's GPU would draw without the processor, so that little is drawn here.
    private static unsafe void Draw(GuestBuffer buffer, PictureSize size, int frame)
    {
        for (int y = 0; y < 64; y++)
            new Span<uint>((uint*)buffer.Address + (long)(y + 100) * size.Width + frame * 8 % (size.Width - 256), 256).Fill((uint)(frame * 0x050301 + y * 0x010203));
    }

    private sealed class Discard : IEncodedFrameSink
    {
        public void Deliver(EncodedFrame frame) => frame.Release();

        public void SizeChanged(PictureSize? size)
        {
        }
    }

    private sealed class Events : IDisplayEvents
    {
        private readonly Lock _gate = new();
        private Samples _held = new();
        private int _unread;

        /// <summary>What was held since the last call, in order.</summary>
        public (Samples Held, int Unread) TakeAll()
        {
            lock (_gate)
            {
                (Samples Held, int Unread) all = (_held, _unread);
                (_held, _unread) = (new Samples(), 0);
                return all;
            }
        }

        public void GuestReleased(ConsoleDisplay console, long heldNs, bool wasRead)
        {
            lock (_gate)
            {
                _held.Add(heldNs / 1e6);
                _unread += wasRead ? 0 : 1;
            }
        }

        public void ConsoleAdded(ConsoleDisplay console)
        {
        }

        public void ConsoleRemoved(ConsoleDisplay console)
        {
        }

        public void ScanoutChanged(ConsoleDisplay console, Scanout? scanout)
        {
        }

        public void CursorChanged(ConsoleDisplay console, CursorImage cursor)
        {
        }

        public void PointerMoved(ConsoleDisplay console, PointerPosition position)
        {
        }

        public void PointerModeChanged(ConsoleDisplay console, bool isAbsolute)
        {
        }

        public void LedsChanged(ConsoleDisplay console, KeyboardLeds leds)
        {
        }

        public void ConsoleChanged(ConsoleDisplay console)
        {
        }

        public void Disconnected(string reason)
        {
        }

        public void Refused(RefusedInput kind, string detail)
        {
        }
    }
}
