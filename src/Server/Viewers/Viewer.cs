using QemuZeroCopy.Server.Input;
using QemuZeroCopy.WebRtc;
using VideoFormat = QemuZeroCopy.Pipeline.Encode.VideoFormat;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>One media session: a peer and the console that it watches. Belongs to the network thread.</summary>
internal sealed class Viewer(string resourceId, PeerConnection peer, ViewerHub hub)
{
    /// <summary>Its name in WHEP requests.</summary>
    public string ResourceId { get; } = resourceId;

    public PeerConnection Peer { get; } = peer;

    public ViewerHub Hub { get; } = hub;

    /// <summary>What it decodes of what may be sent.</summary>
    public IReadOnlyList<VideoFormat> Formats { get; init; } = [VideoFormat.Default];

    /// <summary>The console's track among those of the peer.</summary>
    public int Track { get; init; }

    /// <summary>The RTP timestamp of time 0 at this viewer, see <see cref="PictureName"/>.</summary>
    public uint RtpBase => Peer.RtpTimestampOf(Track, 0);

    /// <summary>The input of the page's session; null for a player that has none.</summary>
    public ViewerInput? Input
    {
        get;
        init
        {
            field = value;
            Order = value is null ? null : new NumberedInput(value);
        }
    }

    /// <summary>Where its connection's input messages go; null without input.</summary>
    public NumberedInput? Order { get; private init; }

    /// <summary>Repeated packets that the metrics know of.</summary>
    public long RepeatedCounted { get; set; }

    /// <summary>What its path carries, as congestion control last saw it; 0 while unknown.</summary>
    public int RateTargetBitsPerSecond { get; set; }
}
