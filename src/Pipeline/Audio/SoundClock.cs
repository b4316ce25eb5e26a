namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>The stream's time: samples at 48 kHz on the host's monotonic clock.</summary>
internal static class SoundClock
{
    public const int Rate = 48_000;

    /// <summary>5 ms: what leaves at a time, in an Opus packet of its own while nothing gets lost.</summary>
    public const int BlockFrames = Rate / 200;

    /// <summary>2.5 ms: where sound is cut, it is cut over this long.</summary>
    public const int FadeFrames = Rate / 400;

    /// <summary>The sample that stands for a moment.</summary>
    public static long At(long ns) => (ns / 1_000_000_000 * Rate) + (ns % 1_000_000_000 * Rate / 1_000_000_000);
}
