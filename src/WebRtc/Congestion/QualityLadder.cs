namespace QemuZeroCopy.WebRtc.Congestion;

/// <summary>What an encoder should make of a rate.</summary>
/// <param name="BitrateBps">Bits per second.</param>
/// <param name="FrameRate">Pictures per second at most.</param>
/// <param name="ScaleNumerator">Size of the picture in quarters of the full one: 4, 3 or 2.</param>
public readonly record struct QualityAdvice(long BitrateBps, double FrameRate, int ScaleNumerator);

/// <summary>
/// Turns a rate into bitrate first, then fewer pictures, then smaller ones: text stays legible longest that way. A rung
/// is left downwards at once and upwards only after some seconds of room, so that nothing flickers.
/// </summary>
public sealed class QualityLadder
{
    /// <summary>Below this the encoder cannot draw motion at all; from measurements of desktop content with x264 superfast.</summary>
    private const double LeastBitsPerPixel = 0.02;

    /// <summary>Room that the rung above needs beyond its least.</summary>
    private const double UpMargin = 1.4;

    private const long UpAfterNs = 3_000_000_000;

    private static readonly (double RateShare, int Quarters)[] s_rungs = [(1, 4), (0.5, 4), (1.0 / 3, 4), (1.0 / 3, 3), (1.0 / 3, 2), (0.25, 2)];

    private int _rung;
    private long _roomSinceNs = long.MaxValue;

    /// <summary>The rung in use, 0 for everything in full.</summary>
    public int Rung => _rung;

    /// <summary>Advice for a target. <paramref name="fullFrameRate"/> and the size are what would be made with no limit.</summary>
    public QualityAdvice Advise(long nowNs, long targetBps, int width, int height, double fullFrameRate)
    {
        double pixels = (double)width * height * fullFrameRate;
        while (_rung < s_rungs.Length - 1 && targetBps < Needed(_rung, pixels))
        {
            _rung++;
            _roomSinceNs = long.MaxValue;
        }

        if (_rung > 0 && targetBps > UpMargin * Needed(_rung - 1, pixels))
        {
            _roomSinceNs = Math.Min(_roomSinceNs, nowNs);
            if (nowNs - _roomSinceNs >= UpAfterNs)
            {
                _rung--;
                _roomSinceNs = nowNs;
            }
        }
        else
        {
            _roomSinceNs = long.MaxValue;
        }

        (double share, int quarters) = s_rungs[_rung];
        return new QualityAdvice(targetBps, fullFrameRate * share, quarters);
    }

    private static double Needed(int rung, double pixels)
    {
        (double share, int quarters) = s_rungs[rung];
        return LeastBitsPerPixel * pixels * share * quarters * quarters / 16;
    }
}
