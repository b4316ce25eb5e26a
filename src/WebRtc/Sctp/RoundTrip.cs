namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>
/// The retransmission time-out (RFC 9260 section 6.3.1). The floor is below the RFC's one second: browsers acknowledge
/// the last chunk of a burst at once because it carries the I bit, and input that waits a second is lost for good.
/// </summary>
internal struct RoundTrip(long minNs)
{
    public const long MaxNs = 4_000_000_000;
    private const long InitialNs = 500_000_000;

    private readonly long _minNs = minNs;
    private long _smoothedNs;
    private long _variationNs;

    public long TimeoutNs { get; private set; } = InitialNs;

    public readonly long SmoothedNs => _smoothedNs;

    public void Add(long sampleNs)
    {
        sampleNs = Math.Max(sampleNs, 1);
        if (_smoothedNs == 0)
        {
            _smoothedNs = sampleNs;
            _variationNs = sampleNs / 2;
        }
        else
        {
            _variationNs += (Math.Abs(_smoothedNs - sampleNs) - _variationNs) / 4;
            _smoothedNs += (sampleNs - _smoothedNs) / 8;
        }

        TimeoutNs = Math.Clamp(_smoothedNs + (4 * _variationNs), _minNs, MaxNs);
    }

    /// <summary>After a time-out (RFC 9260 section 6.3.3).</summary>
    public void BackOff() => TimeoutNs = Math.Min(TimeoutNs * 2, MaxNs);
}
