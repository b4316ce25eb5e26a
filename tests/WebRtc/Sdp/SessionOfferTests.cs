using QemuZeroCopy.WebRtc.Sdp;

namespace QemuZeroCopy.WebRtc.Tests.Sdp;

public class SessionOfferTests
{
    private const string Fingerprint = "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";

    private static readonly SessionOptions s_options = new()
    {
        VideoTracks =
        [
            new VideoTrackOptions("screen0", [new VideoFormat(VideoCodecKind.H264, VideoProfile.High), new VideoFormat(VideoCodecKind.H264, VideoProfile.ConstrainedBaseline)]),
            new VideoTrackOptions("screen1", [new VideoFormat(VideoCodecKind.H264, VideoProfile.ConstrainedBaseline)]),
        ],
        AudioStreamId = "sound",
        AcceptMicrophone = true,
    };

    [Fact]
    public void Firefox_style_session_level_parameters_and_bundle_only_lines_are_understood()
    {
        // Firefox puts the fingerprint at session level and port 0 on bundled lines.
        string offer = string.Join("\r\n",
            "v=0", "o=mozilla 1 0 IN IP4 0.0.0.0", "s=-", "t=0 0", $"a=fingerprint:{Fingerprint}", "a=group:BUNDLE 0 1 2", "a=ice-options:trickle", "a=msid-semantic:WMS *",
            "m=video 9 UDP/TLS/RTP/SAVPF 120 124 126 127 97 98", "c=IN IP4 0.0.0.0", "a=recvonly",
            "a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", "a=extmap:12/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
            "a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1", "a=fmtp:97 profile-level-id=42e01f;level-asymmetry-allowed=1", "a=fmtp:127 apt=126", "a=fmtp:98 apt=97", "a=fmtp:124 apt=120",
            "a=ice-pwd:0123456789abcdef0123456789abcdef", "a=ice-ufrag:abcd1234", "a=mid:0", "a=rtcp-fb:126 nack", "a=rtcp-fb:126 nack pli", "a=rtcp-fb:126 ccm fir", "a=rtcp-fb:126 goog-remb", "a=rtcp-fb:126 transport-cc",
            "a=rtcp-mux", "a=rtcp-rsize", "a=rtpmap:120 VP8/90000", "a=rtpmap:124 rtx/90000", "a=rtpmap:126 H264/90000", "a=rtpmap:127 rtx/90000", "a=rtpmap:97 H264/90000", "a=rtpmap:98 rtx/90000", "a=setup:actpass", "a=ssrc:1 cname:x",
            "m=audio 0 UDP/TLS/RTP/SAVPF 109 9", "c=IN IP4 0.0.0.0", "a=bundle-only", "a=recvonly", "a=ice-pwd:0123456789abcdef0123456789abcdef", "a=ice-ufrag:abcd1234", "a=mid:1", "a=rtcp-mux", "a=rtpmap:109 opus/48000/2", "a=rtpmap:9 G722/8000/1", "a=setup:actpass",
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=bundle-only", "a=ice-pwd:0123456789abcdef0123456789abcdef", "a=ice-ufrag:abcd1234", "a=mid:2", "a=setup:actpass", "a=sctp-port:5000", "a=max-message-size:1073741823", "");
        (SessionOffer parsed, NegotiatedSession session, string answer) = Answer(offer);
        Assert.Equal("abcd1234", parsed.IceUfrag);
        Assert.All(session.Media, m => Assert.True(m.Accepted));
        NegotiatedMedia video = session.Media[0];
        Assert.Equal(126, video.Format!.PayloadType);
        Assert.Equal(127, Assert.Single(video.VideoFormats).Rtx!.PayloadType);
        Assert.Equal(7, video.Extensions.TransportSequence);
        Assert.Equal(12, video.Extensions.PlayoutDelay);
        Assert.Equal(1, video.VideoFormats[0].Index);
        Assert.Contains("a=group:BUNDLE 0 1 2\r\n", answer);
        Assert.Contains("m=video 9 UDP/TLS/RTP/SAVPF 126 127\r\n", answer);
        Assert.Contains("a=fmtp:126 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n", answer);
        Assert.Contains("a=fmtp:127 apt=126\r\n", answer);
        Assert.Contains("a=sctp-port:5000\r\n", answer);
        Assert.Contains("stereo=1", answer);
        Assert.DoesNotContain("goog-remb", answer);
        Assert.Equal(3, answer.Split("a=setup:passive\r\n").Length - 1);
        Assert.Equal(1, answer.Split("a=candidate:1 1 udp ").Length - 1);
    }

    [Theory]
    [InlineData("flexfec-03/90000", true, true)]
    [InlineData("FLEXFEC-03/90000", true, true)]
    [InlineData("flexfec-03/90000", false, false)] // without feedback nobody knows what parity is good for
    [InlineData("flexfec-03/48000", true, false)]
    [InlineData("flexfec/90000", true, false)] // RFC 8627 has another header
    [InlineData("ulpfec/90000", true, false)]
    public void FlexFEC_is_taken_with_an_SSRC_that_protects_the_video(string format, bool hasFeedback, bool isTaken)
    {
        string[] feedback = hasFeedback ? ["a=rtcp-fb:102 transport-cc", "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"] : [];
        string[] section = Video("0", "recvonly", ["a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1", $"a=rtpmap:104 {format}", "a=fmtp:104 repair-window=10000000", .. feedback]);
        (_, NegotiatedSession session, string answer) = Answer(Offer(section));
        NegotiatedMedia video = session.Media[0];
        Assert.True(video.Accepted);
        Assert.Equal(isTaken, video.Fec is not null);
        Assert.Equal(isTaken, answer.Contains("a=rtpmap:104 flexfec-03/90000\r\n", StringComparison.Ordinal));
        Assert.Equal(isTaken, answer.Contains($"a=ssrc-group:FEC-FR {video.Ssrc} {video.FecSsrc}\r\na=ssrc:{video.Ssrc} cname:", StringComparison.Ordinal));
        Assert.Equal(isTaken, answer.Contains("m=video 9 UDP/TLS/RTP/SAVPF 102 104\r\n", StringComparison.Ordinal));
    }

    [Fact]
    public void The_first_wanted_profile_that_is_offered_is_taken()
    {
        (_, NegotiatedSession session, string answer) = Answer(Offer(Video("0", "recvonly",
            "a=rtpmap:102 H264/90000", "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
            "a=rtpmap:104 H264/90000", "a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=640c1f",
            "a=rtpmap:106 H264/90000", "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640C1F")));
        Assert.Equal(106, session.Media[0].Format!.PayloadType);
        Assert.Equal(0, session.Media[0].VideoFormats[0].Index);
        Assert.Contains("profile-level-id=640C1F", answer);
    }

    [Fact]
    public void Of_each_wanted_codec_one_format_is_answered_best_first()
    {
        string[] lines =
        [
            "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f", "a=rtpmap:103 rtx/90000", "a=fmtp:103 apt=102",
            "a=rtpmap:45 AV1/90000", "a=fmtp:45 level-idx=5;profile=0;tier=0", "a=rtpmap:46 rtx/90000", "a=fmtp:46 apt=45",
            "a=rtpmap:47 AV1/90000", "a=fmtp:47 profile=1", "a=rtpmap:98 VP9/90000",
        ];
        var options = new SessionOptions { VideoTracks = [new VideoTrackOptions("s", [new VideoFormat(VideoCodecKind.Av1), new VideoFormat(VideoCodecKind.H265), new VideoFormat(VideoCodecKind.H264)], VideoCodecKind.H264)] };
        (_, NegotiatedSession session, string answer) = Answer(Offer(Video("0", "recvonly", lines)), options);
        Assert.Equal([0, 2], session.Media[0].VideoFormats.Select(format => format.Index));
        Assert.Contains("m=video 9 UDP/TLS/RTP/SAVPF 45 46 102 103\r\n", answer);
        Assert.Contains("a=fmtp:45 level-idx=5;profile=0;tier=0\r\n", answer);
        Assert.Contains("a=fmtp:103 apt=102\r\n", answer);
        Assert.Equal(1, answer.Split("a=ssrc-group:FID").Length - 1);

        // A viewer without the common ground gets nothing, rather than a stream that may turn into what it cannot read.
        (_, session, _) = Answer(Offer(Video("0", "recvonly", lines[4..])), options);
        Assert.False(session.Media[0].Accepted);
    }

    [Fact]
    public void A_player_without_the_wanted_profile_gets_H264_all_the_same()
    {
        (_, NegotiatedSession session, _) = Answer(Offer(Video("0", "recvonly", "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1;profile-level-id=4d001f")));
        Assert.True(session.Media[0].Accepted);
    }

    [Fact]
    public void Without_a_bundle_the_first_line_alone_is_taken()
    {
        string offer = Offer(Video("", "recvonly", "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1"), Video("", "recvonly", "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1"))
            .Replace("a=group:BUNDLE  \r\n", "", StringComparison.Ordinal).Replace("a=mid:\r\n", "", StringComparison.Ordinal);
        (_, NegotiatedSession session, string answer) = Answer(offer);
        Assert.Equal([true, false], session.Media.Select(m => m.Accepted));
        Assert.DoesNotContain("a=mid", answer);
        Assert.DoesNotContain("BUNDLE", answer);
    }

    [Fact]
    public void Unknown_lines_and_codecs_are_rejected_in_place()
    {
        (_, NegotiatedSession session, string answer) = Answer(Offer(
            ["m=text 9 UDP/TLS/RTP/SAVPF 98", "a=mid:0", "a=rtpmap:98 t140/1000"],
            Video("1", "recvonly", "a=rtpmap:102 VP8/90000"),
            Video("2", "sendonly", "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1"),
            Video("3", "recvonly", "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1"),
            ["m=image 9 TCP something/odd *", "a=mid:4"]));
        Assert.Equal([false, false, false, true, false], session.Media.Select(m => m.Accepted));
        Assert.Equal(5, answer.Split("\r\nm=").Length - 1);
        Assert.Contains("m=text 0 UDP/TLS/RTP/SAVPF 98\r\n", answer);
        Assert.Contains("m=image 0 TCP something/odd *\r\n", answer);
        Assert.Contains("a=group:BUNDLE 3\r\n", answer);
    }

    [Fact]
    public void Sound_and_microphone_may_share_a_line_or_not()
    {
        (_, NegotiatedSession shared, _) = Answer(Offer(Audio("0", "sendrecv")));
        Assert.Equal(MediaDirection.SendReceive, shared.Media[0].Direction);
        (_, NegotiatedSession apart, _) = Answer(Offer(Audio("0", "recvonly"), Audio("1", "sendonly")));
        Assert.Equal([MediaDirection.SendOnly, MediaDirection.ReceiveOnly], apart.Media.Select(m => m.Direction));
    }

    [Fact]
    public void Sound_and_pictures_are_in_streams_of_their_own()
    {
        (_, _, string answer) = Answer(Offer(Video("0", "recvonly", "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1"), Audio("1", "recvonly")));
        string[] streams = [.. answer.Split("\r\n").Where(l => l.StartsWith("a=msid:", StringComparison.Ordinal)).Select(l => l[7..].Split(' ')[0])];
        Assert.Equal(2, streams.Distinct().Count());
    }

    [Fact]
    public void NACK_is_granted_only_where_RTX_is()
    {
        (_, _, string without) = Answer(Offer(Video("0", "recvonly", "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1", "a=rtcp-fb:102 nack", "a=rtcp-fb:102 nack pli")));
        Assert.DoesNotContain("nack\r\n", without);
        Assert.Contains("a=rtcp-fb:102 nack pli\r\n", without);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("v=0\r\nx\r\n")]
    [InlineData("v=0\r\ns=-\r\n")]
    [InlineData("v=0\r\nm=video\r\n")]
    [InlineData("v=0\r\nm=video 99999 UDP/TLS/RTP/SAVPF 96\r\n")]
    [InlineData("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 300\r\n")]
    [InlineData("v=0\r\na=group:BUNDLE 7\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n")]
    [InlineData("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:ab\"cd\r\n")]
    [InlineData("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:abcd\r\na=ice-pwd:short\r\n")]
    public void A_broken_offer_is_refused_with_a_reason(string sdp)
    {
        Assert.False(SessionOffer.TryParse(sdp, out _, out string? error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void A_peer_that_insists_on_being_passive_is_refused() =>
        Assert.False(SessionOffer.TryParse(Offer(Audio("0", "recvonly")).Replace("a=setup:actpass", "a=setup:passive", StringComparison.Ordinal), out _, out _));

    [Fact]
    public void A_huge_offer_is_refused() => Assert.False(SessionOffer.TryParse(new string('v', SessionOffer.MaxLength + 1), out _, out _));

    [Fact]
    public void Candidates_come_for_every_address_with_TCP_last()
    {
        var text = new System.Text.StringBuilder();
        AnswerWriter.WriteCandidates(text,
        [
            TransportAddress.FromIPv4(0xC0000201, 5000),
            TransportAddress.From(new System.Net.IPEndPoint(System.Net.IPAddress.Parse("2001:db8::1"), 5000)),
            TransportAddress.FromIPv4(0xC0000201, 5001, TransportKind.Tcp),
        ]);
        string[] lines = text.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("a=end-of-candidates", lines[3]);
        Assert.EndsWith("192.0.2.1 5000 typ host", lines[0]);
        Assert.EndsWith("2001:db8::1 5000 typ host", lines[1]);
        Assert.EndsWith("192.0.2.1 5001 typ host tcptype passive", lines[2]);
        uint[] priorities = [.. lines[..3].Select(l => uint.Parse(l.Split(' ')[3], null))];
        Assert.True(priorities[0] > priorities[1] && priorities[1] > priorities[2]);
    }

    private static (SessionOffer Offer, NegotiatedSession Session, string Answer) Answer(string sdp, SessionOptions? options = null)
    {
        Assert.True(SessionOffer.TryParse(sdp, out SessionOffer? offer, out string? error), error);
        NegotiatedSession session = Negotiator.Negotiate(offer, options ?? s_options, new SeededRandom(3).Fill);
        string answer = AnswerWriter.Write(offer, session, new AnswerTransport("ufrag123", "password", "AB:CD", [TransportAddress.FromIPv4(0x7F000001, 9)], 1));
        Assert.All(answer.Split("\r\n", StringSplitOptions.RemoveEmptyEntries), l => Assert.Equal('=', l[1]));
        return (offer, session, answer);
    }

    private static string Offer(params string[][] sections)
    {
        IEnumerable<string> mids = sections.Select(s => s.First(l => l.StartsWith("a=mid:", StringComparison.Ordinal))[6..]);
        string[] lines = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", $"a=group:BUNDLE {string.Join(' ', mids)}", "a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdef01234567", $"a=fingerprint:{Fingerprint}", "a=setup:actpass", .. sections.SelectMany(s => s), ""];
        return string.Join("\r\n", lines);
    }

    private static string[] Video(string mid, string direction, params string[] lines)
    {
        IEnumerable<string> types = lines.Where(l => l.StartsWith("a=rtpmap:", StringComparison.Ordinal)).Select(l => l[9..].Split(' ')[0]);
        return [$"m=video 9 UDP/TLS/RTP/SAVPF {string.Join(' ', types)}", $"a=mid:{mid}", $"a={direction}", "a=rtcp-mux", .. lines];
    }

    private static string[] Audio(string mid, string direction) => ["m=audio 9 UDP/TLS/RTP/SAVPF 111", $"a=mid:{mid}", $"a={direction}", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2"];
}
