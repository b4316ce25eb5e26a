namespace QemuZeroCopy.WebRtc.Sdp;

/// <summary>The m-line's kind.</summary>
internal enum MediaKind
{
    Other,
    Audio,
    Video,
    Application,
}

/// <summary>Who sends, seen from the author of the description.</summary>
internal enum MediaDirection
{
    SendReceive,
    SendOnly,
    ReceiveOnly,
    Inactive,
}

/// <summary>One payload type with its parameters.</summary>
internal sealed class PayloadFormat
{
    public required byte PayloadType { get; init; }

    public string Encoding { get; set; } = "";

    public int ClockRate { get; set; }

    public int Channels { get; set; } = 1;

    public string Parameters { get; set; } = "";

    public List<string> Feedback { get; } = [];

    /// <summary>The value of one parameter of a=fmtp, or null. Names compare without case.</summary>
    public string? Parameter(string name)
    {
        foreach (Range range in Parameters.AsSpan().Split(';'))
        {
            ReadOnlySpan<char> item = Parameters.AsSpan()[range].Trim();
            int equals = item.IndexOf('=');
            if (equals > 0 && item[..equals].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                return item[(equals + 1)..].Trim().ToString();
        }

        return null;
    }

    /// <summary>Whether a=rtcp-fb grants this feedback.</summary>
    public bool HasFeedback(string feedback) => Feedback.Contains(feedback);
}

/// <summary>One m-line of an offer with what hangs on it.</summary>
internal sealed class MediaSection
{
    public required MediaKind Kind { get; init; }

    /// <summary>The media token as offered, to be echoed in a rejection.</summary>
    public required string KindToken { get; init; }

    public required string Protocol { get; init; }

    /// <summary>The format list as offered, to be echoed in a rejection.</summary>
    public required string FormatList { get; init; }

    public required int Port { get; init; }

    public string Mid { get; set; } = "";

    public MediaDirection Direction { get; set; } = MediaDirection.SendReceive;

    /// <summary>Port 0 then means "only within the bundle" (RFC 9143), not "rejected".</summary>
    public bool BundleOnly { get; set; }

    public bool RtcpMux { get; set; }

    public bool RtcpReducedSize { get; set; }

    public int SctpPort { get; set; }

    /// <summary>RFC 8841: 65536 where the offer says nothing, 0 for "any size".</summary>
    public long MaxMessageBytes { get; set; } = 65536;

    public string? IceUfrag { get; set; }

    public string? IcePassword { get; set; }

    public Fingerprint? Fingerprint { get; set; }

    public string? Setup { get; set; }

    /// <summary>In the order of the m-line: the peer's preference.</summary>
    public List<PayloadFormat> Formats { get; } = [];

    public List<(int Id, string Uri)> Extensions { get; } = [];

    public PayloadFormat? Format(int payloadType) => Formats.Find(f => f.PayloadType == payloadType);

    /// <summary>The RTX format that repeats <paramref name="payloadType"/> (RFC 4588), or null.</summary>
    public PayloadFormat? Rtx(int payloadType) => Formats.Find(f =>
        f.Encoding.Equals("rtx", StringComparison.OrdinalIgnoreCase)
        && int.TryParse(f.Parameter("apt"), System.Globalization.NumberStyles.None, null, out int apt) && apt == payloadType);
}
