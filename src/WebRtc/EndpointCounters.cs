namespace QemuZeroCopy.WebRtc;

/// <summary>Why a datagram was dropped.</summary>
public enum DropReason
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>Empty, or of no protocol that RFC 7983 knows.</summary>
    UnknownProtocol,

    /// <summary>Not STUN, and from an address that no connection knows.</summary>
    UnknownSender,

    /// <summary>STUN that breaks RFC 8489.</summary>
    MalformedStun,

    /// <summary>STUN for a username fragment that no connection has.</summary>
    UnknownUfrag,

    /// <summary>STUN without, or with a wrong MESSAGE-INTEGRITY, or heard before from another address.</summary>
    RejectedStun,

    /// <summary>DTLS or SRTP from an address that has not passed a connectivity check.</summary>
    UnvalidatedAddress,

    /// <summary>SRTP before the handshake was through.</summary>
    TooEarly,

    /// <summary>RTP whose header is broken.</summary>
    MalformedRtp,

    /// <summary>SRTP or SRTCP that is forged, replayed or too old.</summary>
    RejectedSrtp,

    /// <summary>Authentic RTCP that breaks RFC 3550.</summary>
    MalformedRtcp,

    /// <summary>RTP of a payload type that was not agreed.</summary>
    UnexpectedRtp,

    /// <summary>The connection has ended.</summary>
    Closed,

    /// <summary>The number of reasons; not one itself.</summary>
    Count,
}

/// <summary>What an endpoint has seen and dropped. Written by the network thread, readable by any.</summary>
public sealed class EndpointCounters
{
    private readonly long[] _dropped = new long[(int)DropReason.Count];
    private long _received;

    /// <summary>Datagrams handed in.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Datagrams dropped for this reason.</summary>
    public long Dropped(DropReason reason) => Volatile.Read(ref _dropped[(int)reason]);

    internal void Count(DropReason outcome)
    {
        Volatile.Write(ref _received, _received + 1);
        if (outcome != DropReason.None)
            Volatile.Write(ref _dropped[(int)outcome], _dropped[(int)outcome] + 1);
    }
}
