using System.Buffers;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Web;

/// <summary>What congestion control and RTCP say of one viewer's path.</summary>
/// <param name="Transport">"UDP" or "TCP".</param>
/// <param name="RoundTripMs">Smoothed; 0 while unknown.</param>
/// <param name="LossShare">0 to 1, of the last report.</param>
/// <param name="EstimateBps">What the path carries; 0 while unknown.</param>
/// <param name="ShowsQueue">Whether packets stand in a queue on the path.</param>
/// <param name="BytesSent">So far.</param>
/// <param name="PacketsRepeated">So far.</param>
/// <param name="FramesSent">So far.</param>
/// <param name="FramesSkipped">So far.</param>
/// <param name="RtpBase">The RTP timestamp of time 0, see <see cref="PictureName"/>.</param>
internal readonly record struct LinkStatistics(
    string Transport, double RoundTripMs, double LossShare, long EstimateBps, bool ShowsQueue, long BytesSent, long PacketsRepeated, long FramesSent, long FramesSkipped, uint RtpBase);

/// <summary>The overlay's message: written only while a page has the overlay open, twice a second.</summary>
internal static class SessionStatistics
{
    /// <summary>How often a page hears: at each time it draws its graph, and all of that shall cost it a hundredth of a core at most.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Writes the ways of the frames since <paramref name="from"/>: µs for each stage, the size in bytes, what the page
    /// calls the picture, and when its last packet was sent in µs of this host's clock; then the counters and the state of now.
    /// </summary>
    public static void Write(IBufferWriter<byte> output, ViewerHub hub, in LinkStatistics? link, ref long from)
    {
        List<TracedFrame> frames = hub.Trace.Since(ref from);
        PipelineStatistics? pipeline = hub.Pipeline;
        LinkStatistics? path = link;
        int target = hub.TargetBitsPerSecond;
        SessionMessages.Write(output, "statistics", json =>
        {
            json.WriteNumber("atMs"u8, Environment.TickCount64);
            json.WriteStartArray("frames"u8);
            foreach (TracedFrame frame in frames)
            {
                json.WriteStartArray();
                foreach (uint number in (ReadOnlySpan<uint>)[frame.Wait, frame.Pace, frame.Wake, frame.Import, frame.Convert, frame.Encode, frame.Queue, frame.Send, frame.Bytes])
                    json.WriteNumberValue(number);
                json.WriteNumberValue(PictureName.Of(frame.CaptureNs, path?.RtpBase));
                json.WriteNumberValue(frame.SentNs / 1000);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteNumber("targetBps"u8, target);
            if (pipeline is { } made)
            {
                json.WriteNumber("taken"u8, made.FramesTaken);
                json.WriteNumber("encoded"u8, made.FramesEncoded);
                json.WriteString("converter"u8, made.Converter ?? "");
                json.WriteString("encoder"u8, made.Encoder ?? "");
            }

            if (path is not { } sent)
                return;
            json.WriteStartObject("link"u8);
            json.WriteString("transport"u8, sent.Transport);
            json.WriteNumber("roundTripMs"u8, Math.Round(sent.RoundTripMs, 2));
            json.WriteNumber("loss"u8, Math.Round(sent.LossShare, 4));
            json.WriteNumber("estimateBps"u8, sent.EstimateBps);
            json.WriteBoolean("queue"u8, sent.ShowsQueue);
            json.WriteNumber("bytes"u8, sent.BytesSent);
            json.WriteNumber("repeated"u8, sent.PacketsRepeated);
            json.WriteNumber("sent"u8, sent.FramesSent);
            json.WriteNumber("skipped"u8, sent.FramesSkipped);
            json.WriteEndObject();
        });
    }
}
