namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// Lets the first request for a key frame through at once and puts off those that follow within
/// <see cref="IntervalNs"/>: a viewer that lost packets asks again and again, and each key frame costs
/// everybody bits and sharpness.
/// </summary>
internal struct KeyFrameThrottle()
{
    /// <summary>Longer than the round trips on which one loss brings several requests.</summary>
    public const long IntervalNs = 250_000_000;

    private long _lastNs = long.MinValue;

    public bool IsRequested { get; private set; }

    public void Request() => IsRequested = true;

    /// <summary>A new encoder can make nothing else: not to be put off.</summary>
    public void ForceNow() => (IsRequested, _lastNs) = (true, long.MinValue);

    public readonly bool IsDue(long nowNs) => IsRequested && WaitNs(nowNs) <= 0;

    /// <summary>Until a request may be met.</summary>
    public readonly long WaitNs(long nowNs) => _lastNs == long.MinValue ? 0 : _lastNs + IntervalNs - nowNs;

    public void Sent(long nowNs)
    {
        IsRequested = false;
        _lastNs = nowNs;
    }
}
