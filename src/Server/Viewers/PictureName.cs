using QemuZeroCopy.WebRtc.Rtp;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>
/// What a viewer calls a picture: its RTP timestamp, which begins anywhere for each viewer; over a WebSocket the
/// microseconds of the capture, cut to 32 bits.
/// </summary>
internal static class PictureName
{
    private const int VideoClockRate = 90_000;

    /// <summary>Two pictures that are captured so far apart have two names: a tick of RTP's clock, rounded up.</summary>
    public const long ApartNs = 1_000_000_000 / VideoClockRate + 1;

    /// <summary>The name of the picture captured at <paramref name="captureNs"/>.</summary>
    /// <param name="captureNs">ns of CLOCK_MONOTONIC.</param>
    /// <param name="rtpBase">The viewer's RTP timestamp of time 0; null over a WebSocket.</param>
    public static uint Of(long captureNs, uint? rtpBase) => rtpBase is { } start
        ? unchecked(start + RtpClock.Ticks(captureNs, VideoClockRate))
        : unchecked((uint)(captureNs / 1000));
}
