using System.Diagnostics;

namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>The clock of every <see cref="FrameTimeline"/>: CLOCK_MONOTONIC, which Stopwatch reads on Linux.</summary>
public static class MonotonicClock
{
    /// <summary>Nanoseconds since an arbitrary start, the same for all processes of this machine.</summary>
    public static long NowNs => Stopwatch.Frequency == 1_000_000_000
        ? Stopwatch.GetTimestamp()
        : (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
}
