namespace QemuZeroCopy.WebRtc.Congestion;

/// <summary>
/// When queued video may leave: a token bucket. While the path shows no queue it is as deep as one frame at the measured
/// capacity, so a frame leaves in one or two bursts; else it holds two packets, and a frame is spread over half its time.
/// </summary>
internal sealed class Pacer
{
    private const int PacketBytes = 1200;

    /// <summary>Packets that are spread leave in bunches of about this time: a timer per packet gains nothing.</summary>
    private const long BunchNs = 1_000_000;

    private double _tokens = 16 * PacketBytes;
    private double _depthBytes = 16 * PacketBytes;
    private double _bytesPerNs = 10e6 / 8e9;
    private long _lastNs = long.MinValue;

    /// <summary>Sets depth and rate: <paramref name="capacityBps"/> as measured, or what is taken for it.</summary>
    public void Configure(long nowNs, long capacityBps, long targetBps, bool pathShowsQueue, long frameIntervalNs, int frameBytes)
    {
        Refill(nowNs);
        double bytesPerFrame = capacityBps / 8e9 * frameIntervalNs;
        _depthBytes = pathShowsQueue ? 2 * PacketBytes : Math.Max(16 * PacketBytes, 1.25 * bytesPerFrame);
        // Half a frame's time, but not faster than the path drains: a key frame takes as long as it needs.
        double most = Math.Max(1.25 * capacityBps, 2.0 * targetBps);
        _bytesPerNs = (pathShowsQueue ? Math.Clamp(frameBytes * 16e9 / frameIntervalNs, 2.0 * targetBps, most) : most) / 8e9;
        _tokens = Math.Min(_tokens, _depthBytes);
    }

    public int Budget(long nowNs)
    {
        Refill(nowNs);
        return (int)Math.Clamp(Math.Ceiling(_tokens), 0, int.MaxValue);
    }

    /// <summary>A packet left. The debt is bounded: retransmissions never wait, and new video does not wait long for them.</summary>
    public void Charge(long nowNs, int bytes)
    {
        Refill(nowNs);
        _tokens = Math.Max(_tokens - bytes, -_bytesPerNs * 50_000_000);
    }

    /// <summary>When the budget opens again.</summary>
    public long NextNs(long nowNs)
    {
        double missing = 1 - _tokens + Math.Min(_bytesPerNs * BunchNs, _depthBytes / 2);
        return _tokens >= 1 ? nowNs : _lastNs + Math.Max(1, (long)(missing / _bytesPerNs));
    }

    private void Refill(long nowNs)
    {
        if (_lastNs != long.MinValue && nowNs > _lastNs)
            _tokens = Math.Min(_tokens + ((nowNs - _lastNs) * _bytesPerNs), _depthBytes);
        _lastNs = Math.Max(_lastNs, nowNs);
    }
}
