namespace QemuZeroCopy.WebRtc;

/// <summary>Figures of one connection. Written by the network thread; any thread may read a slightly old value.</summary>
public sealed class PeerStatistics
{
    /// <summary>Smoothed round trip in ms, from RTCP; 0 before the first report.</summary>
    public double RoundTripMs { get; internal set; }

    /// <summary>Share of video packets lost, 0 to 1, from the last receiver report.</summary>
    public double LossFraction { get; internal set; }

    /// <summary>The receiver's interarrival jitter in ms.</summary>
    public double JitterMs { get; internal set; }

    /// <summary>Bytes of UDP payload sent, media and control.</summary>
    public long BytesSent { get; internal set; }

    /// <summary>Media packets sent for the first time.</summary>
    public long PacketsSent { get; internal set; }

    /// <summary>Media packets repeated.</summary>
    public long PacketsRepeated { get; internal set; }

    /// <summary>Parity packets sent (FlexFEC).</summary>
    public long ParityPacketsSent { get; internal set; }

    /// <summary>Packets that the peer asked for again.</summary>
    public long PacketsMissed { get; internal set; }

    /// <summary>Packets that the peer asked for too late.</summary>
    public long PacketsBeyondRepair { get; internal set; }

    /// <summary>PLI and FIR received.</summary>
    public long KeyFrameRequests { get; internal set; }

    /// <summary>Frames sent whole.</summary>
    public long FramesSent { get; internal set; }

    /// <summary>Frames passed over because the viewer was too slow or had to wait for an entry point.</summary>
    public long FramesSkipped { get; internal set; }

    /// <summary>What congestion control allows all media together without their parity, in bit/s; 0 where the peer gives no transport-wide feedback.</summary>
    public long TargetBps { get; internal set; }

    /// <summary>Whether packets stand in a queue on the path.</summary>
    public bool PathShowsQueue { get; internal set; }

    /// <summary>What the peer's REMB allows in bit/s; 0 where it sends none.</summary>
    public long RemoteEstimate { get; internal set; }
}
