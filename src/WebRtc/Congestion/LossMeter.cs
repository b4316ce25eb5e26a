namespace QemuZeroCopy.WebRtc.Congestion;

/// <summary>Share of packets reported as lost, over about the last second (two half-second halves).</summary>
internal struct LossMeter
{
    private const long HalfNs = 500_000_000;

    private long _halfStartNs;
    private int _lost;
    private int _all;
    private int _previousLost;
    private int _previousAll;

    public readonly double Share => _all + _previousAll < 20 ? 0 : (double)(_lost + _previousLost) / (_all + _previousAll);

    public void Add(long nowNs, bool isLost)
    {
        if (nowNs - _halfStartNs > HalfNs)
        {
            bool isNext = nowNs - _halfStartNs < 3 * HalfNs;
            (_previousLost, _previousAll) = isNext ? (_lost, _all) : (0, 0);
            _lost = _all = 0;
            _halfStartNs = nowNs;
        }

        _all++;
        _lost += isLost ? 1 : 0;
    }
}
