using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Encode;

/// <summary>
/// x264 as the pipeline uses it, with notes about its last picture; the time that <paramref name="twin"/> takes is not counted.
/// Used on the encode thread alone, as the encoder is.
/// </summary>
internal sealed class WatchedEncoder(X264VideoEncoder encoder, LateTwin twin) : IVideoEncoder
{
    private PictureCost _last = new();
    private ThreadUsage _usage;
    private double _ms;
    private double _twinMs;

    public string Name => encoder.Name;

    public VideoCodec Codec => encoder.Codec;

    public int RefinementPortion => encoder.RefinementPortion;

    /// <summary>On the encode thread, when a picture was delivered: what it took since the one before.</summary>
    public PictureCost TakeCost(int bytes)
    {
        double nowMs = ThreadClock.NowMs;
        (_last.Ms, _last.Bytes) = (nowMs - _ms - _twinMs, bytes);
        (_ms, _twinMs, _usage) = (nowMs, 0, ThreadUsage.Now);
        return _last;
    }

    public PictureTarget AcquireTarget() => encoder.AcquireTarget();

    public EncodeOutcome Encode(PictureTarget picture, TileMap changed, EncodeRequest request, EncodedFrame frame)
    {
        long startNs = MonotonicClock.NowNs;
        double startMs = ThreadClock.NowMs;
        EncodeOutcome outcome = encoder.Encode(picture, changed, request, frame);
        double endMs = ThreadClock.NowMs;
        _last = new PictureCost
        {
            EncoderMs = endMs - startMs,
            EncoderWallMs = (MonotonicClock.NowNs - startNs) * 1e-6,
            Usage = ThreadUsage.Now - _usage,
            Changed = changed.Count,
            Sharpened = request.Refinement?.PlannedBlocks ?? 0,
            Quantizer = encoder.LastQuantizer,
            Effort = encoder.LastEffort,
            IsWide = encoder.LastSearchWasWide,
        };
        twin.Add((HostPicture)picture, changed, request, _last);
        _twinMs += ThreadClock.NowMs - endMs;
        return outcome;
    }

    public void SetRate(int bitsPerSecond, int framesPerSecond)
    {
        encoder.SetRate(bitsPerSecond, framesPerSecond);
        twin.SetRate(bitsPerSecond, framesPerSecond);
    }

    public void Dispose()
    {
        twin.Dispose();
        encoder.Dispose();
    }
}
