namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>Bytes that may be in flight (RFC 9260 section 7.2), starting from ten packets (RFC 6928).</summary>
internal struct CongestionWindow(int packetBytes)
{
    private readonly int _packetBytes = packetBytes;
    private int _threshold = int.MaxValue;
    private int _partialBytes;

    public int Bytes { get; private set; } = 10 * packetBytes;

    /// <summary>The cumulative acknowledgement advanced over <paramref name="ackedBytes"/> while the window was in full use.</summary>
    public void OnAdvance(int ackedBytes, bool wasFull)
    {
        if (!wasFull)
            return;
        if (Bytes <= _threshold)
        {
            Bytes = Math.Min(Bytes + Math.Min(ackedBytes, _packetBytes), MaxBytes);
            return;
        }

        _partialBytes += ackedBytes;
        if (_partialBytes < Bytes)
            return;
        _partialBytes -= Bytes;
        Bytes = Math.Min(Bytes + _packetBytes, MaxBytes);
    }

    /// <summary>Loss found by gaps (RFC 9260 section 7.2.3).</summary>
    public void OnFastRetransmit()
    {
        _threshold = Math.Max(Bytes / 2, 4 * _packetBytes);
        Bytes = _threshold;
        _partialBytes = 0;
    }

    /// <summary>Loss found by silence.</summary>
    public void OnTimeout()
    {
        _threshold = Math.Max(Bytes / 2, 4 * _packetBytes);
        Bytes = _packetBytes;
        _partialBytes = 0;
    }

    /// <summary>Nothing has been sent for a time-out: what was learned about a fuller path no longer holds.</summary>
    public void OnIdle() => Bytes = Math.Min(Bytes, 10 * _packetBytes);

    /// <summary>More than the send buffer ever holds is of no use.</summary>
    private const int MaxBytes = 1 << 20;
}
