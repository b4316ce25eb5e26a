namespace QemuZeroCopy.Pipeline.Encode.X264;

/// <summary>
/// How hard x264 searches, by measured time: it steps down before pictures have to be dropped, and up again
/// when there has been room for a while. Time is passed in.
/// </summary>
internal sealed class EffortControl
{
    // A picture may take this much of the time between two; the rest is for conversion and the guest.
    private const double TooLong = 0.6;

    // The next effort takes up to 1.4 times as long, and has to stay below that.
    private const double Short = 0.4;

    // One picture in a thousand takes three times as long by what the machine does meanwhile; two that follow each other
    // at such a distance are the work. Without the wide search a scroll takes ten times the bits.
    private const int SlowWithin = 2;

    // Half a second at 60 pictures a second, so that effort does not swing with single pictures.
    private const int ShortInARow = 30;

    private readonly int _highest;
    private int _short;
    private int _sinceSlow = SlowWithin;

    public EffortControl(int highest) => Effort = _highest = highest;

    /// <summary>What to encode the next picture with.</summary>
    public int Effort { get; private set; }

    /// <summary>A picture took this long of the time that there is for one; true when <see cref="Effort"/> has changed.</summary>
    public bool Learn(long tookNs, long intervalNs)
    {
        double share = (double)tookNs / intervalNs;
        _short = share < Short ? _short + 1 : 0;
        bool isSlow = share > TooLong, isSlowAgain = isSlow && _sinceSlow < SlowWithin;
        _sinceSlow = isSlow ? 0 : Math.Min(_sinceSlow + 1, SlowWithin);
        if (isSlowAgain && Effort > 0)
        {
            Effort--;
            _short = 0;
            _sinceSlow = SlowWithin;
            return true;
        }

        if (_short < ShortInARow || Effort == _highest)
            return false;
        Effort++;
        _short = 0;
        return true;
    }
}
