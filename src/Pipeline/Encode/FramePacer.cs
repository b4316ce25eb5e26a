namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// Keeps to a frame rate without adding delay to a picture that comes after a pause: one frame of credit, so
/// that a guest at the same rate with some jitter is not held back. One that is held back all the same, because it was
/// late by more than that once, catches up by a thirty-second of a frame with each picture: without that, every picture
/// after it would be held back as long. So much above the rate is what a faster guest gets.
/// </summary>
internal struct FramePacer(int framesPerSecond)
{
    private long _intervalNs = 1_000_000_000 / framesPerSecond;
    private long _nextNs = long.MinValue;

    public readonly long IntervalNs => _intervalNs;

    public void SetRate(int framesPerSecond) => _intervalNs = 1_000_000_000 / framesPerSecond;

    /// <summary>How long to wait before the next picture; 0 or less: not at all.</summary>
    public readonly long WaitNs(long nowNs) => _nextNs == long.MinValue ? 0 : _nextNs - nowNs;

    /// <summary>A picture is taken now.</summary>
    public void Take(long nowNs)
    {
        bool wasHeldBack = _nextNs > nowNs - _intervalNs / 16;
        _nextNs = Math.Max(_nextNs, nowNs - _intervalNs) + _intervalNs - (wasHeldBack ? _intervalNs / 32 : 0);
    }
}
