namespace QemuZeroCopy.WebRtc.Congestion;

/// <summary>What arrived, in bit/s over the last stretch of the receiver's time.</summary>
internal sealed class DeliveryRate
{
    /// <summary>A quarter of a second at 40 Mbit/s; at higher rates the stretch is shorter, and still tens of milliseconds.</summary>
    private const int Capacity = 1024;

    private readonly (long AtNs, long Bytes)[] _ring = new (long, long)[Capacity];
    private long _count;
    private long _total;
    private long _newestNs = long.MinValue;

    public void Add(long receivedNs, int bytes)
    {
        // Reordered packets count where the newest stands: only sums matter.
        _newestNs = Math.Max(_newestNs, receivedNs);
        _total += bytes;
        _ring[_count++ % Capacity] = (_newestNs, _total);
    }

    /// <summary>Bit/s over the last <paramref name="stretchNs"/>, or 0 where less than half of it is known.</summary>
    public long Over(long stretchNs)
    {
        long oldest = Math.Max(0, _count - Capacity);
        long index = _count - 1;
        while (index > oldest && _ring[(index - 1) % Capacity].AtNs >= _newestNs - stretchNs)
            index--;
        if (_count == 0)
            return 0;
        (long startNs, long startBytes) = _ring[index % Capacity];
        long spanNs = _newestNs - startNs;
        // The first packet only marks the start.
        return spanNs < stretchNs / 2 ? 0 : (long)((_total - startBytes) * 8e9 / spanNs);
    }
}
