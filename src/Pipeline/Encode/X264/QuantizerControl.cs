namespace QemuZeroCopy.Pipeline.Encode.X264;

/// <summary>
/// Chooses the quantizer of each picture. x264's own rate control analyses the whole picture in half size
/// first, which costs more than encoding a desktop's small changes does, and lets the quantizer wander, which
/// defeats the skipping of unchanged macroblocks. Here the changed blocks alone are looked at.
/// </summary>
internal sealed class QuantizerControl
{
    /// <summary>Of a picture in motion, if much of it moves: text looks untouched at this one.</summary>
    public const int FinestMoving = 18;

    /// <summary>Of a picture at rest: nothing is left to see, some 47 dB on text.</summary>
    public const int FinestStill = 16;

    /// <summary>Of a picture in motion: shapes can be made out, and a late picture would be worse.</summary>
    public const int Coarsest = 48;

    /// <summary>A joining viewer's first picture: text must be legible, and it is sharpened soon.</summary>
    public const int CoarsestKeyFrame = 36;

    // The quantizer of what moves may fall by this much from one picture to the next.
    private const int MaxFall = 3;

    // Less is not worth it: whenever the quantizer falls, x264 looks at every unchanged block again.
    private const int LeastFall = 3;

    // A small change that takes less than this part of the room is made as fine as it will ever be.
    private const int SmallShare = 16;

    // A key frame is coded in whole blocks, which takes a tenth more than the estimate, which is of small ones.
    private const double KeyFrameShare = 1.1;

    // How much of the intra estimate motion compensation leaves; learned from picture to picture.
    private double _interShare = 1;
    private double _estimate;
    private int _lastBits;

    // What the last small change took, as an estimate can be wrong; 0 where it was not coded at its finest.
    private bool _isFinest;
    private int _finestBits;

    /// <summary>Quantizer of the last picture.</summary>
    public int Last { get; private set; } = 26;

    /// <summary>
    /// The quantizer with which a picture of this much detail is expected to take <paramref name="roomBits"/>. A change
    /// that <paramref name="isSmall"/>, such as a letter, needs no refinement later.
    /// </summary>
    public int Choose(Detail detail, bool isKeyFrame, int roomBits, bool isSmall = false)
    {
        _isFinest = isSmall && !isKeyFrame && _finestBits < roomBits / 4 && detail.BitsAt(FinestStill) * SmallShare < roomBits;
        if (_isFinest)
        {
            _estimate = 0;
            return Last = FinestStill;
        }

        double share = isKeyFrame ? KeyFrameShare : _interShare;
        int wanted = detail.QuantizerFor(roomBits / share);
        bool mayFall = isKeyFrame || _lastBits < roomBits / 2;
        int finest = isKeyFrame ? FinestMoving : Math.Max(FinestMoving, Last - (mayFall ? MaxFall : 0));
        int chosen = Math.Clamp(wanted, Math.Min(finest, Coarsest), isKeyFrame ? CoarsestKeyFrame : Coarsest);
        bool isSlightFall = !isKeyFrame && chosen < Last && chosen > Last - LeastFall && chosen > FinestMoving;
        Last = isSlightFall ? Last : chosen;
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
        _finestBits = _isFinest ? bits : 0;
        if (isKeyFrame || _estimate < 1000)
            return;
        double share = Math.Clamp(bits / _estimate, 0.02, 2);
        _interShare += (share - _interShare) * (share > _interShare ? 0.8 : 0.25);
    }

    /// <summary>After a rest the next motion is unlike the last one.</summary>
    public void Forget() => _interShare = 1;
}
