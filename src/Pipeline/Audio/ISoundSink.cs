namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>Takes the guest's sound. Called on the audio thread; returns at once.</summary>
public interface ISoundSink
{
    /// <summary>Whether anybody listens; nothing is converted or encoded while not. Read from the audio thread.</summary>
    bool IsHeard { get; }

    /// <summary>Share of packets that get lost on the way to the listeners, in percent.</summary>
    int LossPercent { get; }

    /// <summary>
    /// How much longer than they need, in ms, all listeners hold what they get, by their own word; 0 where that is unknown. Read
    /// from the audio thread.
    /// </summary>
    int SpareMs { get; }

    /// <summary>
    /// Takes one Opus packet of 5 or 10 ms, which is valid until the call returns. <paramref name="sampleTime"/> counts 48 kHz
    /// samples by the host's monotonic clock, less what listeners had to spare, so that a pause is a gap in it; <paramref name="arrivedNs"/> is when QEMU
    /// handed over the newest sample in the packet.
    /// </summary>
    void Deliver(ReadOnlySpan<byte> opus, long sampleTime, long arrivedNs);
}
