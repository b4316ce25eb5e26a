using System.Globalization;
using QemuZeroCopy.WebRtc.Rtp;

namespace QemuZeroCopy.WebRtc.Sdp;

/// <summary>Decides, m-line by m-line, what of an offer is taken (RFC 9429 section 5.3, from a sender's side).</summary>
internal static class Negotiator
{
    public static NegotiatedSession Negotiate(SessionOffer offer, SessionOptions options, FillRandom fillRandom)
    {
        var session = new NegotiatedSession { Media = [] };
        var ssrcs = new SsrcSource(fillRandom);
        int nextTrack = 0;
        bool bundleless = offer.Bundle.Count == 0;
        foreach (MediaSection section in offer.Media)
        {
            var media = new NegotiatedMedia { Offered = section };
            session.Media.Add(media);
            // Everything travels on one transport: what stands outside of the bundle finds none.
            bool transported = bundleless ? session.Media.Count == 1 : offer.Bundle.Contains(section.Mid);
            if (!transported || (section.Port == 0 && !section.BundleOnly))
                continue;
            switch (section.Kind)
            {
                case MediaKind.Video when IsRtp(section) && nextTrack < options.VideoTracks.Count:
                    if (TakeVideo(media, options.VideoTracks[nextTrack], nextTrack, ssrcs))
                        nextTrack++;
                    break;
                case MediaKind.Audio when IsRtp(section):
                    TakeAudio(media, session, options, ssrcs);
                    break;
                case MediaKind.Application when options.AcceptDataChannels && session.Data is null:
                    media.Accepted = section.FormatList == "webrtc-datachannel" && section.Protocol.EndsWith("/DTLS/SCTP", StringComparison.Ordinal);
                    break;
            }
        }

        return session;
    }

    private static bool IsRtp(MediaSection section) =>
        section.Protocol is "UDP/TLS/RTP/SAVPF" or "UDP/TLS/RTP/SAVP" or "TCP/TLS/RTP/SAVPF" or "TCP/DTLS/RTP/SAVPF" or "RTP/SAVPF" && section.RtcpMux;

    private static bool TakeVideo(NegotiatedMedia media, VideoTrackOptions track, int index, SsrcSource ssrcs)
    {
        MediaSection section = media.Offered;
        if (section.Direction is not (MediaDirection.ReceiveOnly or MediaDirection.SendReceive))
            return false;
        List<NegotiatedFormat> taken = [];
        foreach (VideoCodecKind codec in track.Formats.Select(format => format.Codec).Distinct())
        {
            if (Find(section, track, codec) is { } found)
                taken.Add(found);
        }

        if (taken.Count == 0 || (track.Needed is { } needed && !taken.Exists(format => format.Wanted.Codec == needed)))
            return false;
        media.Accepted = true;
        media.Direction = MediaDirection.SendOnly;
        media.Format = taken[0].Format;
        media.VideoFormats = taken;
        media.Extensions = RtpExtensionIds.From(section);
        media.Ssrc = ssrcs.Next();
        media.RtxSsrc = taken.Exists(format => format.Rtx is not null) ? ssrcs.Next() : 0;
        // Without feedback nobody knows what is lost, nor what parity would be good for.
        media.Fec = media.UsesTransportFeedback ? section.Formats.Find(f => f.Encoding.Equals(FlexFec.Encoding, StringComparison.OrdinalIgnoreCase) && f.ClockRate == 90000) : null;
        media.FecSsrc = media.Fec is null ? 0 : ssrcs.Next();
        media.StreamId = track.StreamId;
        media.Track = index;
        return true;
    }

    // Every wanted format of the codec by its very profile first; then H.264 of any profile, which browsers decode all the same.
    private static NegotiatedFormat? Find(MediaSection section, VideoTrackOptions track, VideoCodecKind codec)
    {
        for (int exact = 1; exact >= 0; exact--)
        {
            for (int i = 0; i < track.Formats.Count; i++)
            {
                VideoFormat wanted = exact == 1 ? track.Formats[i] : track.Formats[i] with { Profile = VideoProfile.Any };
                if (wanted.Codec != codec || (exact == 0 && track.Formats[i].Profile == VideoProfile.FullChroma))
                    continue;
                if (section.Formats.Find(f => VideoFormats.Fits(f, wanted)) is { } offered)
                    return new NegotiatedFormat(offered, section.Rtx(offered.PayloadType), i, track.Formats[i]);
            }
        }

        return null;
    }

    private static void TakeAudio(NegotiatedMedia media, NegotiatedSession session, SessionOptions options, SsrcSource ssrcs)
    {
        MediaSection section = media.Offered;
        PayloadFormat? opus = section.Formats.Find(f => f.Encoding.Equals("opus", StringComparison.OrdinalIgnoreCase) && f.ClockRate == 48000);
        if (opus is null)
            return;
        bool sends = options.AudioStreamId is not null && session.Audio is null
            && section.Direction is MediaDirection.ReceiveOnly or MediaDirection.SendReceive;
        bool receives = options.AcceptMicrophone && session.Microphone is null
            && section.Direction is MediaDirection.SendOnly or MediaDirection.SendReceive;
        if (!sends && !receives)
            return;
        media.Accepted = true;
        media.Direction = sends ? receives ? MediaDirection.SendReceive : MediaDirection.SendOnly : MediaDirection.ReceiveOnly;
        media.Format = opus;
        RtpExtensionIds ids = RtpExtensionIds.From(section);
        // A microphone whose packets carry transport-wide numbers would expect feedback that we do not give.
        media.Extensions = receives ? ids with { TransportSequence = 0 } : ids;
        if (!sends)
            return;
        media.Ssrc = ssrcs.Next();
        media.StreamId = options.AudioStreamId!;
    }

    /// <summary>Distinct, non-zero SSRCs.</summary>
    private sealed class SsrcSource(FillRandom fillRandom)
    {
        private readonly HashSet<uint> _used = [0];

        public uint Next()
        {
            Span<byte> bytes = stackalloc byte[4];
            uint ssrc;
            do
            {
                fillRandom(bytes);
                ssrc = BitConverter.ToUInt32(bytes);
            }
            while (!_used.Add(ssrc));
            return ssrc;
        }
    }
}

/// <summary>Whether an offered payload format is one that we can send.</summary>
internal static class VideoFormats
{
    public static bool Fits(PayloadFormat offered, VideoFormat wanted)
    {
        if (offered.ClockRate != 90000)
            return false;
        return wanted.Codec switch
        {
            // Mode 1 (RFC 6184 section 6.3): single NAL units, STAP-A and FU-A.
            VideoCodecKind.H264 => Named(offered, "H264") && offered.Parameter("packetization-mode") == "1"
                && (wanted.Profile == VideoProfile.Any || H264Profile(offered.Parameter("profile-level-id")) == wanted.Profile),
            VideoCodecKind.H265 => Named(offered, "H265") && (offered.Parameter("profile-id") ?? "1") == "1" && (offered.Parameter("tx-mode") ?? "SRST") == "SRST",
            VideoCodecKind.Av1 => Named(offered, "AV1") && (offered.Parameter("profile") ?? "0") == (wanted.Profile == VideoProfile.FullChroma ? "1" : "0"),
            _ => false,
        };
    }

    /// <summary>The profile of a profile-level-id (RFC 6184 section 8.1, table 5); baseline where it is absent.</summary>
    public static VideoProfile H264Profile(string? profileLevelId)
    {
        if (!uint.TryParse(profileLevelId ?? "42000a", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value) || value > 0xFFFFFF)
            return VideoProfile.Any;
        byte constraints = (byte)(value >> 8);
        return (byte)(value >> 16) switch
        {
            0x42 => (constraints & 0x40) != 0 ? VideoProfile.ConstrainedBaseline : VideoProfile.Baseline,
            0x4D => (constraints & 0x80) != 0 ? VideoProfile.ConstrainedBaseline : VideoProfile.Main,
            0x58 => (constraints & 0xC0) == 0xC0 ? VideoProfile.ConstrainedBaseline : VideoProfile.Any,
            0x64 => VideoProfile.High,
            0xF4 => VideoProfile.FullChroma,
            _ => VideoProfile.Any,
        };
    }

    private static bool Named(PayloadFormat format, string name) => format.Encoding.Equals(name, StringComparison.OrdinalIgnoreCase);
}
