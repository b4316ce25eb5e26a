namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>Where a data channel stands.</summary>
internal enum ChannelState : byte
{
    None,

    /// <summary>We have asked for it; what is sent goes in order until the peer has answered (RFC 8832 section 6).</summary>
    Opening,
    Open,

    /// <summary>One or both directions are being reset; free again once both are.</summary>
    Closing,
}

/// <summary>One data channel: a pair of streams of the same number.</summary>
internal struct Channel
{
    public ChannelState State;
    public Reliability Reliability;

    /// <summary>Our direction shall be reset, and the request that does it has not been answered.</summary>
    public bool ResetWanted;
    public bool OutgoingReset;
    public bool IncomingReset;

    public readonly bool TakesMessages => State is ChannelState.Open or ChannelState.Opening;
}
