namespace QemuZeroCopy.Server.Input.Barrier.Protocol;

/// <summary>Two leaky buckets, for messages and for bytes: each holds one second's worth and empties evenly.</summary>
internal struct FloodGuard(long nowNs)
{
    private const double NsPerSecond = 1e9;
    private double _messages;
    private double _bytes;
    private long _lastNs = nowNs;

    /// <summary>Counts one message; false when the client sends more than a client has reason to.</summary>
    public bool Admit(long nowNs, int bytes)
    {
        double seconds = Math.Max(0, nowNs - _lastNs) / NsPerSecond;
        _lastNs = Math.Max(_lastNs, nowNs);
        _messages = Math.Max(0, _messages - (seconds * BarrierLimits.MessagesPerSecond)) + 1;
        _bytes = Math.Max(0, _bytes - (seconds * BarrierLimits.BytesPerSecond)) + bytes;
        return _messages <= BarrierLimits.MessagesPerSecond && _bytes <= BarrierLimits.BytesPerSecond;
    }
}
