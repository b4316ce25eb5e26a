namespace QemuZeroCopy.WebRtc.Sctp.Wire;

/// <summary>Chunks that are spoken here (RFC 9260 section 3.2, RFC 3758, RFC 6525).</summary>
internal enum ChunkType : byte
{
    Data = 0,
    Init = 1,
    InitAck = 2,
    Sack = 3,
    Heartbeat = 4,
    HeartbeatAck = 5,
    Abort = 6,
    Shutdown = 7,
    ShutdownAck = 8,
    Error = 9,
    CookieEcho = 10,
    CookieAck = 11,
    ShutdownComplete = 14,
    ReConfig = 130,
    ForwardTsn = 192,
}

/// <summary>Flags of a DATA chunk (RFC 9260 section 3.3.1).</summary>
[Flags]
internal enum DataFlags : byte
{
    None = 0,
    End = 1,
    Begin = 2,
    Unordered = 4,

    /// <summary>Acknowledge at once (the I bit).</summary>
    Immediate = 8,
}

/// <summary>Parameters of INIT, INIT-ACK and RE-CONFIG.</summary>
internal enum ParameterType : ushort
{
    StateCookie = 7,
    UnrecognizedParameter = 8,
    OutgoingResetRequest = 13,
    IncomingResetRequest = 14,
    TsnResetRequest = 15,
    ReconfigResponse = 16,
    AddOutgoingStreams = 17,
    AddIncomingStreams = 18,
    SupportedExtensions = 0x8008,
    ForwardTsnSupported = 0xC000,
}

/// <summary>Causes in ABORT and ERROR (RFC 9260 section 3.3.10).</summary>
internal enum ErrorCause : ushort
{
    InvalidStream = 1,
    StaleCookie = 3,
    OutOfResource = 4,
    UnrecognizedChunk = 6,
    InvalidMandatoryParameter = 7,
    NoUserData = 9,
    UserInitiatedAbort = 12,
    ProtocolViolation = 13,
}
