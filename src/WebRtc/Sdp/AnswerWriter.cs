using System.Text;
using QemuZeroCopy.WebRtc.Rtp;

namespace QemuZeroCopy.WebRtc.Sdp;

/// <summary>What an answer says of the transport.</summary>
internal readonly record struct AnswerTransport(string IceUfrag, string IcePassword, string Fingerprint, IReadOnlyList<TransportAddress> Candidates, ulong SessionId);

/// <summary>Writes the answer to an offer: one section for each m-line of the offer, in its order.</summary>
internal static class AnswerWriter
{
    /// <summary>Ours to choose; 5000 is what everyone says (RFC 8841 section 5).</summary>
    public const int SctpPort = 5000;

    /// <summary>The largest message that we reassemble: clipboard text in one piece.</summary>
    public const int MaxMessageBytes = 256 * 1024;

    /// <summary>Within this a packet and its parity leave: at most half a frame's time apart, and 100 ms for a key frame on a slow path.</summary>
    private const int RepairWindowUs = 100_000;

    private static readonly string[] s_videoFeedback = ["nack", "nack pli", "ccm fir", "transport-cc"];

    public static string Write(SessionOffer offer, NegotiatedSession session, in AnswerTransport transport)
    {
        var text = new StringBuilder(4096);
        Line(text, "v=0");
        Line(text, $"o=- {transport.SessionId >> 1} 2 IN IP4 127.0.0.1");
        Line(text, "s=-");
        Line(text, "t=0 0");
        if (offer.Bundle.Count > 0)
            Line(text, $"a=group:BUNDLE {string.Join(' ', session.Media.Where(m => m.Accepted).Select(m => m.Offered.Mid))}");
        Line(text, "a=ice-lite");
        Line(text, "a=msid-semantic: WMS *");
        bool candidatesWritten = false;
        foreach (NegotiatedMedia media in session.Media)
        {
            if (!media.Accepted)
            {
                WriteRejected(text, media.Offered);
                continue;
            }

            WriteMediaLine(text, media);
            WriteTransport(text, media, transport, withCandidates: !candidatesWritten);
            candidatesWritten = true;
            if (media.Offered.Kind == MediaKind.Application)
            {
                Line(text, $"a=sctp-port:{SctpPort}");
                Line(text, $"a=max-message-size:{MaxMessageBytes}");
            }
            else
            {
                WriteRtp(text, media);
            }
        }

        return text.ToString();
    }

    private static void WriteRejected(StringBuilder text, MediaSection section)
    {
        Line(text, $"m={section.KindToken} 0 {section.Protocol} {section.FormatList}");
        Line(text, "c=IN IP4 0.0.0.0");
        if (section.Mid.Length > 0)
            Line(text, $"a=mid:{section.Mid}");
        Line(text, "a=inactive");
    }

    private static void WriteMediaLine(StringBuilder text, NegotiatedMedia media)
    {
        string formats = media.Offered.Kind switch
        {
            MediaKind.Application => media.Offered.FormatList,
            MediaKind.Video => string.Join(' ', media.VideoFormats.SelectMany(format => new[] { format.Format, format.Rtx }).Append(media.Fec).OfType<PayloadFormat>().Select(format => format.PayloadType)),
            _ => $"{media.Format!.PayloadType}",
        };
        Line(text, $"m={media.Offered.KindToken} 9 {media.Offered.Protocol} {formats}");
        Line(text, "c=IN IP4 0.0.0.0");
    }

    private static void WriteTransport(StringBuilder text, NegotiatedMedia media, in AnswerTransport transport, bool withCandidates)
    {
        if (media.Offered.Mid.Length > 0)
            Line(text, $"a=mid:{media.Offered.Mid}");
        Line(text, $"a=ice-ufrag:{transport.IceUfrag}");
        Line(text, $"a=ice-pwd:{transport.IcePassword}");
        Line(text, $"a=fingerprint:sha-256 {transport.Fingerprint}");
        Line(text, "a=setup:passive");
        if (withCandidates)
            WriteCandidates(text, transport.Candidates);
    }

    /// <summary>Host candidates with the priorities of RFC 8445 section 5.1.2, TCP below UDP (RFC 6544 section 4.2).</summary>
    internal static void WriteCandidates(StringBuilder text, IReadOnlyList<TransportAddress> candidates)
    {
        const uint HostPreference = 126;
        const uint TcpPassivePreference = 4;
        for (int i = 0; i < candidates.Count; i++)
        {
            TransportAddress candidate = candidates[i];
            string address = candidate.ToIPEndPoint().Address.ToString();
            uint order = (uint)Math.Max(0, 8190 - i);
            if (candidate.Kind == TransportKind.Udp)
            {
                uint priority = (HostPreference << 24) | ((0xE000 + order) << 8) | 255;
                Line(text, $"a=candidate:{i + 1} 1 udp {priority} {address} {candidate.Port} typ host");
            }
            else
            {
                uint priority = ((HostPreference - 27) << 24) | (((TcpPassivePreference << 13) + order) << 8) | 255;
                Line(text, $"a=candidate:{i + 1} 1 tcp {priority} {address} {candidate.Port} typ host tcptype passive");
            }
        }

        Line(text, "a=end-of-candidates");
    }

    private static void WriteRtp(StringBuilder text, NegotiatedMedia media)
    {
        WriteExtension(text, media.Extensions.TransportSequence, RtpExtensionIds.TransportSequenceUri);
        WriteExtension(text, media.Extensions.PlayoutDelay, RtpExtensionIds.PlayoutDelayUri);
        WriteExtension(text, media.Extensions.CaptureTime, RtpExtensionIds.CaptureTimeUri);
        WriteExtension(text, media.Extensions.Mid, RtpExtensionIds.MidUri);
        Line(text, media.Direction switch
        {
            MediaDirection.SendOnly => "a=sendonly",
            MediaDirection.ReceiveOnly => "a=recvonly",
            MediaDirection.SendReceive => "a=sendrecv",
            _ => "a=inactive",
        });
        if (media.Sends)
            Line(text, $"a=msid:{media.StreamId} {media.StreamId}-{media.Offered.KindToken}");
        Line(text, "a=rtcp-mux");
        if (media.Offered.RtcpReducedSize)
            Line(text, "a=rtcp-rsize");
        if (media.Offered.Kind == MediaKind.Audio)
            WriteAudioFormat(text, media, media.Format!);
        foreach (NegotiatedFormat format in media.VideoFormats)
            WriteVideoFormat(text, media, format);
        if (media.Fec is { } fec)
        {
            Line(text, $"a=rtpmap:{fec.PayloadType} {FlexFec.Encoding}/90000");
            Line(text, $"a=fmtp:{fec.PayloadType} repair-window={RepairWindowUs}");
        }

        if (!media.Sends)
            return;
        if (media.RtxSsrc != 0)
            Line(text, $"a=ssrc-group:FID {media.Ssrc} {media.RtxSsrc}");
        // RFC 5956 section 4.3: the protected stream, then what protects it.
        if (media.FecSsrc != 0)
            Line(text, $"a=ssrc-group:FEC-FR {media.Ssrc} {media.FecSsrc}");
        foreach (uint ssrc in new[] { media.Ssrc, media.RtxSsrc, media.FecSsrc })
        {
            if (ssrc != 0)
                Line(text, $"a=ssrc:{ssrc} cname:{media.StreamId}");
        }
    }

    private static void WriteAudioFormat(StringBuilder text, NegotiatedMedia media, PayloadFormat format)
    {
        Line(text, $"a=rtpmap:{format.PayloadType} opus/48000/2");
        if (media.UsesTransportFeedback)
            Line(text, $"a=rtcp-fb:{format.PayloadType} transport-cc");
        // stereo says what we take, sprop-stereo what we send; Chromium plays mono unless the answer has stereo=1.
        Line(text, $"a=fmtp:{format.PayloadType} minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1");
    }

    private static void WriteVideoFormat(StringBuilder text, NegotiatedMedia media, NegotiatedFormat negotiated)
    {
        PayloadFormat format = negotiated.Format;
        Line(text, $"a=rtpmap:{format.PayloadType} {format.Encoding}/{format.ClockRate}");
        foreach (string feedback in s_videoFeedback)
        {
            // Without RTX nothing can be repeated: the same packet with another extension would use a nonce twice.
            if (feedback == "nack" && negotiated.Rtx is null)
                continue;
            if (format.HasFeedback(feedback) && (feedback != "transport-cc" || media.UsesTransportFeedback))
                Line(text, $"a=rtcp-fb:{format.PayloadType} {feedback}");
        }

        string? parameters = negotiated.Wanted.Codec == VideoCodecKind.H264
            ? $"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={format.Parameter("profile-level-id") ?? "42000a"}"
            : format.Parameters.Length > 0 ? format.Parameters : null;
        if (parameters is not null)
            Line(text, $"a=fmtp:{format.PayloadType} {parameters}");
        if (negotiated.Rtx is { } rtx)
        {
            Line(text, $"a=rtpmap:{rtx.PayloadType} rtx/90000");
            Line(text, $"a=fmtp:{rtx.PayloadType} apt={format.PayloadType}");
        }
    }

    private static void WriteExtension(StringBuilder text, byte id, string uri)
    {
        if (id != 0)
            Line(text, $"a=extmap:{id} {uri}");
    }

    private static void Line(StringBuilder text, string line) => text.Append(line).Append("\r\n");
}
