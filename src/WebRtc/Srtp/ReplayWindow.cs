namespace QemuZeroCopy.WebRtc.Srtp;

/// <summary>A sliding window of the 128 newest packet indices (RFC 3711 section 3.3.2).</summary>
internal struct ReplayWindow
{
    /// <summary>Width: a burst of retransmissions and reordering on a WAN stays well within it.</summary>
    public const int Width = 128;

    private UInt128 _seen;
    private long _highest;
    private bool _started;

    /// <summary>Whether a packet of this index may still be taken.</summary>
    public readonly bool Allows(long index)
    {
        if (!_started || index > _highest)
            return true;
        long age = _highest - index;
        return age < Width && ((_seen >> (int)age) & 1) == 0;
    }

    /// <summary>Marks an index as taken; only after the packet has proved authentic.</summary>
    public void Take(long index)
    {
        if (!_started || index > _highest)
        {
            long shift = _started ? index - _highest : Width;
            _seen = shift >= Width ? UInt128.One : (_seen << (int)shift) | UInt128.One;
            _highest = index;
            _started = true;
            return;
        }

        _seen |= UInt128.One << (int)(_highest - index);
    }

    /// <summary>The highest index taken; -1 before the first.</summary>
    public readonly long Highest => _started ? _highest : -1;
}
