using System.Globalization;

namespace QemuZeroCopy.WebRtc.Sdp;

/// <summary>Reads the a= lines that matter into the section that they stand in; all others are passed over.</summary>
internal static class SdpAttributes
{
    private const int MaxExtensions = 64;
    private const int MaxFeedbackPerFormat = 32;
    private const int MaxTokenLength = 256;

    /// <summary>False where a line that matters is malformed. <paramref name="bundle"/> is null below session level.</summary>
    public static bool TryTake(MediaSection section, ReadOnlySpan<char> attribute, List<string>? bundle)
    {
        int colon = attribute.IndexOf(':');
        ReadOnlySpan<char> name = colon < 0 ? attribute : attribute[..colon];
        ReadOnlySpan<char> value = colon < 0 ? default : attribute[(colon + 1)..];
        switch (name)
        {
            case "mid":
                section.Mid = value.ToString();
                return IsToken(value);
            case "group":
                return bundle is null || TryReadBundle(value, bundle);
            case "ice-ufrag":
                section.IceUfrag = value.ToString();
                return IsIceText(value);
            case "ice-pwd":
                section.IcePassword = value.ToString();
                return IsIceText(value);
            case "fingerprint":
                if (Fingerprint.TryParse(value, out Fingerprint fingerprint))
                    section.Fingerprint ??= fingerprint;
                return true;
            case "setup":
                section.Setup = value.ToString();
                return IsToken(value);
            case "sendrecv":
                section.Direction = MediaDirection.SendReceive;
                return true;
            case "sendonly":
                section.Direction = MediaDirection.SendOnly;
                return true;
            case "recvonly":
                section.Direction = MediaDirection.ReceiveOnly;
                return true;
            case "inactive":
                section.Direction = MediaDirection.Inactive;
                return true;
            case "bundle-only":
                section.BundleOnly = true;
                return true;
            case "rtcp-mux":
                section.RtcpMux = true;
                return true;
            case "rtcp-rsize":
                section.RtcpReducedSize = true;
                return true;
            case "rtpmap":
                return TryReadRtpMap(section, value);
            case "fmtp":
                return TryReadParameters(section, value);
            case "rtcp-fb":
                return TryReadFeedback(section, value);
            case "extmap":
                return TryReadExtension(section, value);
            case "sctp-port":
                bool good = ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port);
                section.SctpPort = port;
                return good;
            case "max-message-size":
                bool sized = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long size);
                section.MaxMessageBytes = size;
                return sized;
            default:
                return true;
        }
    }

    private static bool TryReadBundle(ReadOnlySpan<char> value, List<string> bundle)
    {
        if (!value.StartsWith("BUNDLE", StringComparison.Ordinal) || bundle.Count > 0)
            return true;
        foreach (Range range in value["BUNDLE".Length..].Split(' '))
        {
            ReadOnlySpan<char> mid = value["BUNDLE".Length..][range];
            if (mid.IsEmpty)
                continue;
            if (!IsToken(mid) || bundle.Count == SessionOffer.MaxMediaSections)
                return false;
            bundle.Add(mid.ToString());
        }

        return true;
    }

    private static bool TryReadRtpMap(MediaSection section, ReadOnlySpan<char> value)
    {
        if (!TryReadFormat(section, ref value, out PayloadFormat? format))
            return false;
        if (format is null)
            return true;
        Span<Range> parts = stackalloc Range[4];
        int count = value.Split(parts, '/');
        if (count is < 2 or > 3 || !IsToken(value[parts[0]])
            || !int.TryParse(value[parts[1]], NumberStyles.None, CultureInfo.InvariantCulture, out int clockRate))
        {
            return false;
        }

        int channels = 1;
        if (count == 3 && !int.TryParse(value[parts[2]], NumberStyles.None, CultureInfo.InvariantCulture, out channels))
            return false;
        format.Encoding = value[parts[0]].ToString();
        format.ClockRate = clockRate;
        format.Channels = channels;
        return true;
    }

    private static bool TryReadParameters(MediaSection section, ReadOnlySpan<char> value)
    {
        if (!TryReadFormat(section, ref value, out PayloadFormat? format))
            return false;
        if (format is not null)
            format.Parameters = value.ToString();
        return true;
    }

    private static bool TryReadFeedback(MediaSection section, ReadOnlySpan<char> value)
    {
        if (value.StartsWith("* ", StringComparison.Ordinal))
        {
            foreach (PayloadFormat every in section.Formats)
                AddFeedback(every, value[2..]);
            return true;
        }

        if (!TryReadFormat(section, ref value, out PayloadFormat? format))
            return false;
        if (format is not null)
            AddFeedback(format, value);
        return true;
    }

    private static void AddFeedback(PayloadFormat format, ReadOnlySpan<char> value)
    {
        if (format.Feedback.Count < MaxFeedbackPerFormat && value.Length <= MaxTokenLength)
            format.Feedback.Add(value.Trim().ToString());
    }

    /// <summary>Takes the leading payload type off; the format is null for one that the m-line does not list.</summary>
    private static bool TryReadFormat(MediaSection section, ref ReadOnlySpan<char> value, out PayloadFormat? format)
    {
        format = null;
        int space = value.IndexOf(' ');
        if (section.Kind is not (MediaKind.Audio or MediaKind.Video))
            return true;
        if (space < 0 || !byte.TryParse(value[..space], NumberStyles.None, CultureInfo.InvariantCulture, out byte payloadType))
            return false;
        value = value[(space + 1)..].Trim();
        format = section.Format(payloadType);
        return true;
    }

    private static bool TryReadExtension(MediaSection section, ReadOnlySpan<char> value)
    {
        int space = value.IndexOf(' ');
        if (space < 0)
            return false;
        ReadOnlySpan<char> id = value[..space];
        int slash = id.IndexOf('/');
        if (!int.TryParse(slash < 0 ? id : id[..slash], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return false;
        ReadOnlySpan<char> uri = value[(space + 1)..].Trim();
        int end = uri.IndexOf(' ');
        if (section.Extensions.Count < MaxExtensions)
            section.Extensions.Add((number, (end < 0 ? uri : uri[..end]).ToString()));
        return true;
    }

    private static bool IsToken(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= MaxTokenLength && !text.ContainsAnyExceptInRange('!', '~');

    private static bool IsIceText(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '/' or '-' or '_' or '='))
                return false;
        }

        return text.Length is > 0 and <= 256;
    }
}
