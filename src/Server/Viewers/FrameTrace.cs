using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Metrics;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>
/// One frame's way through this host: its stages up to <see cref="FrameStage.Send"/>, in µs, its size, and when it was
/// captured and its last packet sent, in ns of CLOCK_MONOTONIC.
/// </summary>
internal readonly record struct TracedFrame(
    uint Wait, uint Pace, uint Wake, uint Import, uint Convert, uint Encode, uint Queue, uint Send, uint Bytes, long CaptureNs = 0, long SentNs = 0)
{
    /// <summary>From the damage to the last packet, in µs.</summary>
    public long TotalUs => (long)Wait + Pace + Wake + Import + Convert + Encode + Queue + Send;
}

/// <summary>
/// The ways of a console's last frames, for the overlay and for what viewers say of them. One thread writes and neither
/// waits nor allocates; readers take copies, and drop what was written over meanwhile.
/// </summary>
internal sealed class FrameTrace
{
    /// <summary>A second at 240 frames per second and some: what a viewer says of a picture comes well within it.</summary>
    public const int Capacity = 256;

    private readonly TracedFrame[] _frames = new TracedFrame[Capacity];
    private long _count;

    /// <summary>Frames written so far.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>The writer's thread: adds a frame that has been sent.</summary>
    public void Add(in FrameTimeline way, int bytes, long captureNs = 0)
    {
        _frames[_count % Capacity] = new TracedFrame(
            Micros(way, FrameStage.Wait), Micros(way, FrameStage.Pace), Micros(way, FrameStage.Wake), Micros(way, FrameStage.Import), Micros(way, FrameStage.Convert),
            Micros(way, FrameStage.Encode), Micros(way, FrameStage.Queue), Micros(way, FrameStage.Send), (uint)bytes, captureNs, way.LastSentNs);
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>Any thread: the frames from number <paramref name="from"/> on, as far as they are still here; <paramref name="from"/> is then the next one.</summary>
    public List<TracedFrame> Since(ref long from)
    {
        long end = Count, start = Math.Max(from, end - Capacity + 1);
        var frames = new List<TracedFrame>((int)Math.Max(0, end - start));
        for (long i = start; i < end; i++)
            frames.Add(_frames[i % Capacity]);
        // The writer may have come round while they were copied.
        long lost = Math.Clamp(Count - Capacity + 1 - start, 0, frames.Count);
        frames.RemoveRange(0, (int)lost);
        from = end;
        return frames;
    }

    /// <summary>Any thread: the frame that a viewer calls <paramref name="name"/>, see <see cref="PictureName"/>; null where it is no longer, or not yet, here.</summary>
    public TracedFrame? Find(uint name, uint? rtpBase)
    {
        long end = Count;
        for (long i = end - 1; i >= Math.Max(0, end - Capacity + 1); i--)
        {
            TracedFrame frame = _frames[i % Capacity];
            if (PictureName.Of(frame.CaptureNs, rtpBase) == name)
                return i > Count - Capacity ? frame : null;
        }

        return null;
    }

    private static uint Micros(in FrameTimeline way, FrameStage stage) => (uint)Math.Min(uint.MaxValue, FrameStages.DurationNs(way, stage) / 1000);
}
