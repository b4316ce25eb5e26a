namespace QemuZeroCopy.WebRtc;

/// <summary>
/// What a connection asks of the SCTP association (RFC 8261: one SCTP packet per DTLS record) and the data
/// channels on it (RFC 8831, RFC 8832). Clock-free like everything here; called by one thread.
/// We are the DTLS server, so streams that we open have odd numbers, and the peer opens the association or we do.
/// </summary>
internal interface IDataTransport : IDisposable
{
    /// <summary>Takes one SCTP packet, decrypted. Hostile until checked.</summary>
    void Handle(long nowNs, ReadOnlySpan<byte> packet);

    /// <summary>Runs what is due (T1, T3, delayed SACK, heartbeat).</summary>
    void HandleTimeout(long nowNs);

    /// <summary>When <see cref="HandleTimeout"/> is wanted, in ns; <see cref="long.MaxValue"/> for never.</summary>
    long NextTimeoutNs { get; }

    /// <summary>Writes the next SCTP packet into <paramref name="buffer"/> (room for one DTLS payload); 0 for none.</summary>
    int PollTransmit(long nowNs, Span<byte> buffer);

    /// <summary>The next event, or false. Its data is valid until the next call on the association.</summary>
    bool PollEvent(out DataTransportEvent dataEvent);

    /// <summary>Queues one message; false where the channel is not open or the bounded send buffer is full.</summary>
    bool TrySend(long nowNs, ushort channel, bool isBinary, ReadOnlySpan<byte> message);
}

/// <summary>What a data transport tells.</summary>
internal enum DataTransportEventKind
{
    /// <summary>The peer opened a channel (or acknowledged ours).</summary>
    Opened,

    /// <summary>A whole message arrived.</summary>
    Message,

    /// <summary>A channel was closed by reset of its stream.</summary>
    Closed,

    /// <summary>The association is gone (ABORT, SHUTDOWN, retransmission limit).</summary>
    Failed,
}

/// <summary>One event of a data transport.</summary>
internal readonly ref struct DataTransportEvent
{
    public DataTransportEventKind Kind { get; init; }

    public ushort Channel { get; init; }

    public bool IsBinary { get; init; }

    /// <summary>The message, or for <see cref="DataTransportEventKind.Opened"/> the label.</summary>
    public ReadOnlySpan<byte> Data { get; init; }
}
