using System.Globalization;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Encode;

/// <summary>What one picture was, and what it took: enough to tell why it took long.</summary>
internal readonly record struct PictureCost
{
    /// <summary>The encode thread's processor time since the picture before.</summary>
    public double Ms { get; init; }

    /// <summary>Of it, the encoder's.</summary>
    public double EncoderMs { get; init; }

    /// <summary>By the wall clock, the encoder alone.</summary>
    public double EncoderWallMs { get; init; }

    public int Changed { get; init; }

    public int Sharpened { get; init; }

    public int Quantizer { get; init; }

    public string Search { get; init; }

    public int Bytes { get; init; }

    public ThreadUsage Usage { get; init; }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Ms:F1} ms, {EncoderMs:F1} in the encoder ({EncoderWallMs:F1} by the clock): {Changed} blocks changed, {Sharpened} sharpened, quantizer {Quantizer}, search {Search}, {Bytes} bytes, {Usage.Faults} page faults, preempted {Usage.Preemptions} times");
}

/// <summary>x264 as the pipeline uses it, with notes about its last picture. Used on the encode thread alone, as the encoder is.</summary>
internal sealed class WatchedEncoder(X264VideoEncoder encoder) : IVideoEncoder
{
    private PictureCost _last;
    private ThreadUsage _usage;
    private double _ms;

    public string Name => encoder.Name;

    public VideoCodec Codec => encoder.Codec;

    public int RefinementPortion => encoder.RefinementPortion;

    /// <summary>On the encode thread, when a picture was delivered: what it took since the one before.</summary>
    public PictureCost TakeCost(int bytes)
    {
        (double nowMs, ThreadUsage now) = (ThreadClock.NowMs, ThreadUsage.Now);
        PictureCost cost = _last with { Ms = nowMs - _ms, Usage = now - _usage, Bytes = bytes };
        (_ms, _usage) = (nowMs, now);
        return cost;
    }

    public PictureTarget AcquireTarget() => encoder.AcquireTarget();

    public EncodeOutcome Encode(PictureTarget picture, TileMap changed, EncodeRequest request, EncodedFrame frame)
    {
        long startNs = MonotonicClock.NowNs;
        double start = ThreadClock.NowMs;
        EncodeOutcome outcome = encoder.Encode(picture, changed, request, frame);
        _last = new PictureCost
        {
            EncoderMs = ThreadClock.NowMs - start,
            EncoderWallMs = (MonotonicClock.NowNs - startNs) * 1e-6,
            Changed = changed.Count,
            Sharpened = request.Refinement?.PlannedBlocks ?? 0,
            Quantizer = encoder.LastQuantizer,
            Search = $"{encoder.LastEffort}{(encoder.LastSearchWasWide ? " far" : " near")}",
        };
        return outcome;
    }

    public void SetRate(int bitsPerSecond, int framesPerSecond) => encoder.SetRate(bitsPerSecond, framesPerSecond);

    public void Dispose() => encoder.Dispose();
}
