namespace QemuZeroCopy.WebRtc.Sdp;

/// <summary>The RTP header extensions that we speak, by the identifiers of one m-line; 0 where not agreed.</summary>
internal readonly record struct RtpExtensionIds(byte TransportSequence, byte PlayoutDelay, byte CaptureTime, byte Mid)
{
    public const string TransportSequenceUri = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    public const string PlayoutDelayUri = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
    public const string CaptureTimeUri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
    public const string MidUri = "urn:ietf:params:rtp-hdrext:sdes:mid";

    /// <summary>The identifiers that an m-line offers, where they fit the one-byte form (1 to 14, RFC 8285).</summary>
    public static RtpExtensionIds From(MediaSection section) => new(
        Find(section, TransportSequenceUri), Find(section, PlayoutDelayUri), Find(section, CaptureTimeUri), Find(section, MidUri));

    private static byte Find(MediaSection section, string uri)
    {
        foreach ((int id, string offered) in section.Extensions)
        {
            if (offered == uri && id is >= 1 and <= 14)
                return (byte)id;
        }

        return 0;
    }
}
