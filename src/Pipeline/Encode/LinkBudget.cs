namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// How many bits the link towards the viewers has room for: what was sent drains at the rate target. Keeps a
/// picture from waiting behind the ones before it. Time is passed in.
/// </summary>
internal sealed class LinkBudget(int bitsPerSecond)
{
    /// <summary>The backlog at which pictures are put off: what a person still takes for immediate.</summary>
    private const double CapacitySeconds = 0.15;

    private double _rate = bitsPerSecond;
    private double _backlogBits;
    private long _atNs = long.MinValue;

    private double CapacityBits => _rate * CapacitySeconds;

    public void SetRate(int bitsPerSecond, long nowNs)
    {
        Drain(nowNs);
        _rate = bitsPerSecond;
    }

    /// <summary>Room for one picture: what is left of the capacity.</summary>
    public int RoomBits(long nowNs)
    {
        Drain(nowNs);
        return (int)Math.Clamp(CapacityBits - _backlogBits, CapacityBits / 16, int.MaxValue);
    }

    /// <summary>How long until a picture may be sent; 0 or less: now.</summary>
    public long WaitNs(long nowNs) => UntilNs(nowNs, CapacityBits);

    /// <summary>How long until the link is idle enough for a picture that only sharpens.</summary>
    public long WaitForRefinementNs(long nowNs) => UntilNs(nowNs, CapacityBits / 4);

    public void Send(int bytes, long nowNs)
    {
        Drain(nowNs);
        _backlogBits += bytes * 8.0;
    }

    private long UntilNs(long nowNs, double bits)
    {
        Drain(nowNs);
        return (long)((_backlogBits - bits) / _rate * 1e9);
    }

    private void Drain(long nowNs)
    {
        if (_atNs != long.MinValue)
            _backlogBits = Math.Max(0, _backlogBits - (nowNs - _atNs) * 1e-9 * _rate);
        _atNs = nowNs;
    }
}
