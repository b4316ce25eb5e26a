namespace QemuZeroCopy.WebRtc.Sdp;

/// <summary>One format that may be sent.</summary>
/// <param name="Format">As offered.</param>
/// <param name="Rtx">Its format for repetitions; null without one.</param>
/// <param name="Index">Index into the track's formats.</param>
/// <param name="Wanted">What was asked for there.</param>
internal sealed record NegotiatedFormat(PayloadFormat Format, PayloadFormat? Rtx, int Index, VideoFormat Wanted);

/// <summary>What offer and options came to for one m-line, in the order of the offer.</summary>
internal sealed class NegotiatedMedia
{
    public required MediaSection Offered { get; init; }

    public bool Accepted { get; set; }

    /// <summary>Seen from us.</summary>
    public MediaDirection Direction { get; set; } = MediaDirection.Inactive;

    /// <summary>The one that is sent; the best of <see cref="VideoFormats"/> for video.</summary>
    public PayloadFormat? Format { get; set; }

    /// <summary>For video: one format of each codec that may be sent, best first.</summary>
    public IReadOnlyList<NegotiatedFormat> VideoFormats { get; set; } = [];

    public RtpExtensionIds Extensions { get; set; }

    /// <summary>Ours, where we send; 0 else.</summary>
    public uint Ssrc { get; set; }

    /// <summary>Ours for repetitions; 0 without RTX.</summary>
    public uint RtxSsrc { get; set; }

    /// <summary>What parity is sent as (FlexFEC); null without.</summary>
    public PayloadFormat? Fec { get; set; }

    /// <summary>Ours for parity; 0 without.</summary>
    public uint FecSsrc { get; set; }

    public string StreamId { get; set; } = "";

    /// <summary>For video: index into the options' tracks.</summary>
    public int Track { get; set; } = -1;

    public bool Sends => Accepted && Direction is MediaDirection.SendOnly or MediaDirection.SendReceive;

    public bool Receives => Accepted && Direction is MediaDirection.ReceiveOnly or MediaDirection.SendReceive;

    public bool UsesTransportFeedback => Extensions.TransportSequence != 0 && Format?.HasFeedback("transport-cc") == true;
}

/// <summary>What offer and options came to.</summary>
internal sealed class NegotiatedSession
{
    public required List<NegotiatedMedia> Media { get; init; }

    public NegotiatedMedia? Audio => Media.Find(m => m.Offered.Kind == MediaKind.Audio && m.Sends);

    public NegotiatedMedia? Microphone => Media.Find(m => m.Offered.Kind == MediaKind.Audio && m.Receives);

    public NegotiatedMedia? Data => Media.Find(m => m.Offered.Kind == MediaKind.Application && m.Accepted);

    public IEnumerable<NegotiatedMedia> Video => Media.Where(m => m.Track >= 0 && m.Sends);
}
