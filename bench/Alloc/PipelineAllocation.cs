using QemuZeroCopy.Bench.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Alloc;

/// <summary>Managed bytes that the whole process allocates while a console's pipeline encodes typing at 60 fps or faster.</summary>
internal static class PipelineAllocation
{
    public static double BytesPerFrame(int frames)
    {
        var size = new PictureSize(1280, 800);
        var sink = new CountingSink();
        using var mailbox = new FrameMailbox(new Discard());
        var options = new ConsolePipelineOptions { Viewers = 1, Refine = true, BitsPerSecond = 100_000_000, MaxFramesPerSecond = ConsolePipeline.MaxFramesPerSecondLimit };
        using var pipeline = new ConsolePipeline(mailbox, [new CpuVideoPath()], sink, options);
        pipeline.Start();
        var scanout = new MemoryScanout(size);
        Scenes.FillWithText(scanout, 1);
        mailbox.SetScanout(scanout, MonotonicClock.NowNs);
        var random = new Random(2);
        // Buffers grow to their size, methods are compiled a second time, timers start.
        Type(60, mailbox, scanout, random, sink);
        Thread.Sleep(500);
        Type(200, mailbox, scanout, random, sink);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        long first = sink.Frames;
        Type(frames, mailbox, scanout, random, sink);
        return (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / (sink.Frames - first);
    }

    private static void Type(int frames, FrameMailbox mailbox, MemoryScanout scanout, Random random, CountingSink sink)
    {
        for (int i = 0; i < frames; i++)
        {
            long seen = sink.Frames;
            mailbox.AddDamage(Scenes.DrawGlyph(scanout, random.Next(160), random.Next(50), random), MonotonicClock.NowNs);
            long end = MonotonicClock.NowNs + 5_000_000_000;
            while (sink.Frames == seen && MonotonicClock.NowNs < end)
                Thread.Sleep(0);
        }
    }

    private sealed class Discard : IFrameAcknowledger
    {
        public void Acknowledge(ulong sequence)
        {
        }
    }

    private sealed class CountingSink : IEncodedFrameSink
    {
        private long _frames;

        public long Frames => Interlocked.Read(ref _frames);

        public void Deliver(EncodedFrame frame)
        {
            frame.Release();
            Interlocked.Increment(ref _frames);
        }

        public void SizeChanged(PictureSize? size)
        {
        }
    }
}
