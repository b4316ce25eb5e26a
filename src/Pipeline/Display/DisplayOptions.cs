namespace QemuZeroCopy.Pipeline.Display;

/// <summary>How to attach to a VM's display.</summary>
public sealed record DisplayOptions
{
    /// <summary>How long the whole attach may take; 10 s by default.</summary>
    public TimeSpan AttachTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where the VM's sound goes and its microphone comes from; null leaves both alone.</summary>
    public Audio.GuestSound? Sound { get; init; }

    /// <summary>
    /// Whether consoles are listened to from the start, which is the default. Without it, each console waits for
    /// <see cref="ConsoleDisplay.SetListening"/>.
    /// </summary>
    public bool ListenAtOnce { get; init; } = true;

    /// <summary>Whether to take pictures in shared memory (Listener.Unix.Map); off is for tests of older QEMU's ways.</summary>
    public bool OfferSharedMemory { get; init; } = true;

    /// <summary>Whether to take DMA-BUFs of several planes (Listener.Unix.ScanoutDMABUF2).</summary>
    public bool OfferMultiPlane { get; init; } = true;

    /// <summary>Whether to be the other side of the guest's clipboard; off by default.</summary>
    public bool UseClipboard { get; init; }

    /// <summary>Serial above which our own clipboard grabs are numbered: higher than any that another process used before, as the time in seconds is.</summary>
    public uint ClipboardSerial { get; init; }

    /// <summary>How long a Disable may last before the screen counts as off; 100 ms by default.</summary>
    public TimeSpan OffDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long an update may hold the guest: QEMU is answered then, read or not. 15 ms by default, a frame at 60 Hz with
    /// room for the thread to wake up, so that neither a slow encoder nor a slow viewer ever slows the guest down.
    /// </summary>
    public TimeSpan LongestHold { get; init; } = TimeSpan.FromMilliseconds(15);
}
