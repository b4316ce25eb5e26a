using QemuZeroCopy.Server.Metrics;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>What a page says of one picture that it has shown. From outside: nothing in it is to be believed.</summary>
/// <param name="Picture">See <see cref="PictureName"/>.</param>
/// <param name="ReceivedUs">When it was there whole, by this host's clock as the page reckons it.</param>
/// <param name="DecodeUs">Time in the decoder.</param>
/// <param name="ShowUs">The rest until it stood on the screen.</param>
internal readonly record struct Sighting(uint Picture, long ReceivedUs, int DecodeUs, int ShowUs)
{
    /// <summary>Longer ways are not a picture's: the page's clock is wrong, or its word.</summary>
    private const long LongestUs = 10_000_000;

    /// <summary>
    /// Joins it to the picture's way through this host, and records the whole. Nothing is recorded of a picture that is not
    /// known, nor of times that cannot be.
    /// </summary>
    public void Record(FrameTrace trace, uint? rtpBase, ServerMetrics metrics)
    {
        if (trace.Find(Picture, rtpBase) is not { } frame)
            return;
        long pathUs = ReceivedUs - frame.SentNs / 1000;
        if (pathUs is < -LongestUs or > LongestUs || DecodeUs is < 0 or > (int)LongestUs || ShowUs is < 0 or > (int)LongestUs)
            return;
        // The clocks are compared no better than to half a round trip, so that it may seem to come before it was sent.
        pathUs = Math.Max(0, pathUs);
        metrics.RecordViewer(ViewerStage.Path, pathUs * 1000);
        metrics.RecordViewer(ViewerStage.Decode, DecodeUs * 1000L);
        metrics.RecordViewer(ViewerStage.Show, ShowUs * 1000L);
        metrics.RecordViewer(ViewerStage.Glass, (frame.TotalUs + pathUs + DecodeUs + ShowUs) * 1000);
    }
}
