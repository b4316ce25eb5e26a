namespace QemuZeroCopy.WebRtc.Congestion;

/// <summary>
/// How long packets stand in queues, from one-way delays over their minimum (RFC 6817 section 3.2.1): two clocks that
/// share no origin cancel out. The minimum is of the last 5 to 10 s, so that drift and a new route are forgotten.
/// </summary>
internal struct QueueDelay()
{
    private const long BucketNs = 5_000_000_000;

    private long _currentMinNs = long.MaxValue;
    private long _previousMinNs = long.MaxValue;
    private long _bucketStartNs = long.MinValue;

    /// <summary>Takes one packet's one-way delay and gives the part of it above the minimum.</summary>
    public long Add(long sentNs, long receivedNs)
    {
        long delayNs = receivedNs - sentNs;
        if (_bucketStartNs == long.MinValue)
            _bucketStartNs = sentNs;
        if (sentNs - _bucketStartNs > BucketNs)
        {
            _previousMinNs = _currentMinNs;
            _currentMinNs = delayNs;
            _bucketStartNs = sentNs;
        }

        _currentMinNs = Math.Min(_currentMinNs, delayNs);
        return delayNs - Math.Min(_currentMinNs, _previousMinNs);
    }
}
