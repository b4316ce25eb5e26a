namespace QemuZeroCopy.Server.Input.Barrier.Protocol;

/// <summary>
/// The bounds within which a client is listened to. Numbers marked "protocol" are Barrier's own
/// (protocol_types.h); the others are ours.
/// </summary>
internal static class BarrierLimits
{
    /// <summary>Protocol: the version spoken, by Barrier 2, Input Leap and QEMU alike.</summary>
    public const short MajorVersion = 1;

    /// <inheritdoc cref="MajorVersion"/>
    public const short MinorVersion = 6;

    /// <summary>Protocol: the port when none is named.</summary>
    public const int DefaultPort = 24800;

    /// <summary>Protocol: longest message before the greeting is through, bytes.</summary>
    public const int MaxGreetingBytes = 1024;

    /// <summary>Protocol: longest message afterwards, bytes.</summary>
    public const int MaxMessageBytes = 4 * 1024 * 1024;

    /// <summary>Longest clipboard taken or given, bytes of all its formats together.</summary>
    public const int MaxClipboardBytes = MaxMessageBytes;

    /// <summary>Longest screen name, bytes; DNS' own, which Barrier's names imitate.</summary>
    public const int MaxNameBytes = 255;

    /// <summary>Protocol: an idle connection is probed this often, ns.</summary>
    public const long KeepAliveNs = 3_000_000_000;

    /// <summary>Protocol: three probes without a sign of life, and the client is gone, ns.</summary>
    public const long SilenceNs = 3 * KeepAliveNs;

    /// <summary>From the connection to the first screen information, ns. A person waits no longer either.</summary>
    public const long GreetingNs = 10_000_000_000;

    /// <summary>
    /// Messages in a second. Barrier answers each of ours with a CNOP and a mouse gives at most 1000 a second;
    /// four times that is nobody's input.
    /// </summary>
    public const int MessagesPerSecond = 4096;

    /// <summary>Bytes in a second: two of the largest clipboards.</summary>
    public const int BytesPerSecond = 2 * MaxClipboardBytes;

    /// <summary>
    /// Messages waiting for a client that does not read. A person types under 20 keys a second and motion is
    /// merged, so this is many seconds of input; then the client is given up.
    /// </summary>
    public const int MaxQueuedMessages = 1024;

    /// <summary>
    /// Clipboard bytes per message to a client. Small, so that a key press never waits behind much of it;
    /// QEMU would die of more than 1024, but clipboards are never sent there.
    /// </summary>
    public const int ClipboardChunkBytes = 16 * 1024;

    /// <summary>A buffer of this size holds whatever one poll produces.</summary>
    public const int MaxOutgoingBytes = 4 + 4 + 1 + 4 + 1 + 4 + ClipboardChunkBytes;

    /// <summary>Shortest time between two fetches of a client's clipboard while it is driven, ns.</summary>
    public const long ClipboardFetchNs = 500_000_000;

    /// <summary>Clipboards of the protocol: 0 is the clipboard, 1 is X11's selection.</summary>
    public const int ClipboardCount = 2;
}
