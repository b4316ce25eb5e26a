namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>
/// A guest may tell one picture of its own in several updates, a call for each rectangle. Taken at the first of them, the
/// picture goes out in halves, and its second half waits for the frame rate's next turn. This learns how many updates come
/// together and how long they take: when the last bursts were alike, a picture is whole when as many have come, or when
/// they should have. A guest that tells each picture in one update, or never twice alike, is never waited for.
/// </summary>
internal struct UpdateBurst
{
    // Updates further apart than this belong to different pictures: 240 of those a second leave 4.2 ms.
    private const long GapNs = 3_000_000;

    // More than a picture can wait: above this, what comes together is not worth waiting for.
    private const long MaxLengthNs = 2_000_000;

    // As many bursts alike are a habit.
    private const int Habit = 3;

    private long _firstNs;
    private long _lastNs;
    private int _count;
    private int _habitCount;
    private long _habitLengthNs;
    private int _alike;
    private long _holdUntilNs;

    /// <summary>An update came. <paramref name="mayHold"/> is false for one that must not wait, because the guest does.</summary>
    public void Add(long nowNs, bool mayHold)
    {
        if (_count == 0 || nowNs - _lastNs > GapNs)
        {
            Learn();
            (_firstNs, _count) = (nowNs, 0);
        }

        _lastNs = nowNs;
        _count++;
        bool isExpecting = mayHold && _alike >= Habit && _count < _habitCount;
        _holdUntilNs = isExpecting ? _firstNs + Math.Min(MaxLengthNs, 2 * _habitLengthNs) : long.MinValue;
    }

    /// <summary>How long the rest of the picture may still take, ns; 0 or less when it is whole or late.</summary>
    public readonly long HoldNs(long nowNs) => _holdUntilNs == long.MinValue ? 0 : _holdUntilNs - nowNs;

    private void Learn()
    {
        long lengthNs = _lastNs - _firstNs;
        if (_count < 2 || lengthNs > MaxLengthNs)
        {
            _alike = 0;
        }
        else if (_count == _habitCount)
        {
            _alike = Math.Min(_alike + 1, Habit);
            // Follows a longer one at once, a shorter one by and by.
            _habitLengthNs = Math.Max(lengthNs, _habitLengthNs - _habitLengthNs / 8);
        }
        else
        {
            (_habitCount, _habitLengthNs, _alike) = (_count, lengthNs, 1);
        }
    }
}
