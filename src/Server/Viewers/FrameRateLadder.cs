using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>
/// Fewer pictures where a rate is too low for all of them: a half, a third, a quarter, each then sharp enough to read.
/// Goes down soon and up late, so that nothing flickers between the two. Time is passed in.
/// </summary>
internal sealed class FrameRateLadder
{
    /// <summary>Below this motion is drawn as a smear; from desktop content with x264 superfast.</summary>
    private const double LeastBitsPerPixel = 0.02;

    /// <summary>Room that the rung above needs beyond its least.</summary>
    private const double UpMargin = 1.4;

    /// <summary>A dip of the estimate that is shorter passes in the encoder's bit rate alone.</summary>
    private const long DownAfterNs = 500_000_000;

    private const long UpAfterNs = 2_000_000_000;

    private const int LastRung = 3;

    private int _rung;
    private long _shortSinceNs = long.MaxValue;
    private long _roomSinceNs = long.MaxValue;

    /// <summary>Pictures a second for this rate and size; <paramref name="full"/> of them where there is room for all.</summary>
    public int Advise(long nowNs, int bitsPerSecond, PictureSize size, int full)
    {
        double all = LeastBitsPerPixel * size.Width * size.Height * full;
        bool isShort = _rung < LastRung && bitsPerSecond < all / (_rung + 1);
        bool hasRoom = _rung > 0 && bitsPerSecond > UpMargin * all / _rung;
        _shortSinceNs = isShort ? Math.Min(_shortSinceNs, nowNs) : long.MaxValue;
        _roomSinceNs = hasRoom ? Math.Min(_roomSinceNs, nowNs) : long.MaxValue;
        if (isShort && nowNs - _shortSinceNs >= DownAfterNs)
        {
            // At once as far as it takes: what is between was too much all the time.
            while (_rung < LastRung && bitsPerSecond < all / (_rung + 1))
                _rung++;
            _shortSinceNs = long.MaxValue;
        }
        else if (hasRoom && nowNs - _roomSinceNs >= UpAfterNs)
        {
            _rung--;
            _roomSinceNs = nowNs;
        }

        return full / (_rung + 1);
    }
}
