namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>
/// The way back to QEMU: with gl=on it holds the guest's GPU until the reply to UpdateDMABUF
/// (ui/dbus-listener.c), so every damage that carries a sequence number must be acknowledged.
/// </summary>
public interface IFrameAcknowledger
{
    /// <summary>
    /// The pixels of all damage up to and including <paramref name="sequence"/> have been read, or never
    /// will be. Callable from any thread, does not block, allocates nothing.
    /// </summary>
    void Acknowledge(ulong sequence);
}
