namespace QemuZeroCopy.Server.Metrics;

/// <summary>Things that are counted and only ever grow.</summary>
internal enum ServerCounter
{
    /// <summary>Access units handed to the network thread.</summary>
    FramesEncoded,

    /// <summary>Of these, the ones that are decodable on their own.</summary>
    KeyFrames,

    /// <summary>Access units that a viewer was not sent, because its path or the network thread was behind.</summary>
    FramesDropped,

    /// <summary>Datagrams handed to the kernel.</summary>
    PacketsSent,

    /// <summary>Bytes of these, IP and UDP headers apart.</summary>
    BytesSent,

    /// <summary>RTP packets sent again on a viewer's NACK.</summary>
    PacketsRetransmitted,

    /// <summary>Datagrams that belonged to nobody or were malformed.</summary>
    DatagramsRefused,

    /// <summary>Messages of viewers that were malformed or came from one who may not send them.</summary>
    MessagesRefused,

    /// <summary>Input events handed to QEMU.</summary>
    InputEvents,

    /// <summary>UpdateDMABUF calls of QEMU's, each of which holds the guest until it is answered.</summary>
    GuestHolds,

    /// <summary>Answers to them.</summary>
    GuestReleases,

    /// <summary>Of these, the ones given before the pixels were read, so as not to hold the guest for longer.</summary>
    GuestReleasesUnread,

    /// <summary>Bytes of the guest's pixels that the processor has read; 0 where a GPU imports them.</summary>
    ImportCpuBytes,

    /// <summary>Buffers of the guest's that were imported; known ones are not imported again.</summary>
    Imports,

    /// <summary>Bytes of converted pictures that the processor has copied between converter and encoder.</summary>
    ConvertCopiedBytes,

    /// <summary>Nanoseconds spent in conversions.</summary>
    ConvertNs,

    /// <summary>Of these, the ones that the GPU ran, by its own timestamps.</summary>
    GpuNs,
}

/// <summary>Name, unit and description of a counter, by the OpenTelemetry conventions.</summary>
internal readonly record struct ServerCounterInfo(string Name, string Unit, string Description)
{
    /// <summary>Those of one counter.</summary>
    public static ServerCounterInfo Of(ServerCounter counter) => counter switch
    {
        ServerCounter.FramesEncoded => new("qzc.frames.encoded", "{frame}", "Frames encoded."),
        ServerCounter.KeyFrames => new("qzc.frames.key", "{frame}", "Key frames among them."),
        ServerCounter.FramesDropped => new("qzc.frames.dropped", "{frame}", "Frames that a viewer was not sent."),
        ServerCounter.PacketsSent => new("qzc.network.packets", "{packet}", "Datagrams sent."),
        ServerCounter.BytesSent => new("qzc.network.io", "By", "Bytes sent in datagrams."),
        ServerCounter.PacketsRetransmitted => new("qzc.network.retransmits", "{packet}", "Packets sent again on request."),
        ServerCounter.DatagramsRefused => new("qzc.network.refused", "{packet}", "Datagrams refused as malformed or unknown."),
        ServerCounter.MessagesRefused => new("qzc.messages.refused", "{message}", "Messages of viewers refused."),
        ServerCounter.InputEvents => new("qzc.input.events", "{event}", "Input events handed to QEMU."),
        ServerCounter.GuestHolds => new("qzc.display.holds", "{call}", "UpdateDMABUF calls of QEMU's, each of which holds the guest until it is answered."),
        ServerCounter.GuestReleases => new("qzc.display.releases", "{call}", "Answers to these."),
        ServerCounter.GuestReleasesUnread => new("qzc.display.releases.unread", "{call}", "Answers given before the pixels were read."),
        ServerCounter.ImportCpuBytes => new("qzc.import.cpu", "By", "Bytes of the guest's pixels that the processor read."),
        ServerCounter.Imports => new("qzc.import.buffers", "{buffer}", "Buffers of the guest's that were imported; a known one is not imported again."),
        ServerCounter.ConvertCopiedBytes => new("qzc.convert.copied", "By", "Bytes of converted pictures that the processor copied."),
        ServerCounter.ConvertNs => new("qzc.convert.time", "ns", "Time spent in conversions."),
        ServerCounter.GpuNs => new("qzc.convert.gpu", "ns", "Of it, time that the GPU ran by its own timestamps."),
        _ => throw new ArgumentOutOfRangeException(nameof(counter)),
    };
}
