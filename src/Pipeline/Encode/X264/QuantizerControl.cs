namespace QemuZeroCopy.Pipeline.Encode.X264;

/// <summary>
/// Chooses the quantizer of each picture. x264's own rate control analyses the whole picture in half size
/// first, which costs more than encoding a desktop's small changes does, and lets the quantizer wander, which
/// defeats the skipping of unchanged macroblocks. Here the changed blocks alone are looked at.
/// </summary>
internal sealed class QuantizerControl
{
    /// <summary>Of a picture in motion: text looks untouched at this one.</summary>
    public const int FinestMoving = 18;

    /// <summary>Of a picture at rest: nothing is left to see, some 47 dB on text.</summary>
    public const int FinestStill = 16;

    /// <summary>Of a picture in motion: shapes can be made out, and a late picture would be worse.</summary>
    public const int Coarsest = 48;

    /// <summary>A joining viewer's first picture: text must be legible, and it is sharpened soon.</summary>
    public const int CoarsestKeyFrame = 36;

    // The quantizer may fall by this much from one picture to the next: every static block that is coarser
    // than the new one is coded again, and the whole screen must not be at once.
    private const int MaxFall = 3;

    // How much of the intra estimate motion compensation leaves; learned from picture to picture.
    private double _interShare = 1;
    private double _estimate;
    private int _lastBits;

    /// <summary>Quantizer of the last picture.</summary>
    public int Last { get; private set; } = 26;

    /// <summary>The quantizer with which a picture of this much detail is expected to take <paramref name="roomBits"/>.</summary>
    public int Choose(Detail detail, bool isKeyFrame, int roomBits)
    {
        double share = isKeyFrame ? 1 : _interShare;
        int wanted = detail.QuantizerFor(roomBits / share);
        bool mayFall = isKeyFrame || _lastBits < roomBits / 2;
        int finest = isKeyFrame ? FinestMoving : Math.Max(FinestMoving, Last - (mayFall ? MaxFall : 0));
        Last = Math.Clamp(wanted, Math.Min(finest, Coarsest), isKeyFrame ? CoarsestKeyFrame : Coarsest);
        _estimate = detail.BitsAt(Last);
        return Last;
    }

    /// <summary>The quantizer for a step of sharpening a still picture.</summary>
    public int Refine(int step)
    {
        _estimate = 0;
        return Last = Math.Min(Last, FinestStill + 3 * (RefinementMap.LastStep - Math.Min(step, RefinementMap.LastStep)));
    }

    /// <summary>The picture came out at <paramref name="bits"/>: a surprise upwards counts at once, one downwards slowly.</summary>
    public void Learn(int bits, bool isKeyFrame)
    {
        _lastBits = bits;
        if (isKeyFrame || _estimate < 1000)
            return;
        double share = Math.Clamp(bits / _estimate, 0.02, 2);
        _interShare += (share - _interShare) * (share > _interShare ? 0.8 : 0.25);
    }

    /// <summary>After a rest the next motion is unlike the last one.</summary>
    public void Forget() => _interShare = 1;
}
