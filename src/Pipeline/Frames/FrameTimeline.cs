namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>
/// When one frame reached each stage on its way, in ns of CLOCK_MONOTONIC; 0 where it has not been.
/// A plain value that travels with the frame: no allocation, no lock.
/// </summary>
public struct FrameTimeline
{
    /// <summary>QEMU's message about the oldest damage in this frame was read from the socket.</summary>
    public long DamageNs { readonly get; set; }

    /// <summary>The encode thread was done with the frame before; often earlier than the damage.</summary>
    public long FreeNs { readonly get; set; }

    /// <summary>The pause that frame rate and bit rate asked for after that was over; often earlier than the damage.</summary>
    public long ReadyNs { readonly get; set; }

    /// <summary>The encode thread took the frame out of the mailbox.</summary>
    public long TakenNs { readonly get; set; }

    /// <summary>
    /// The scanout was readable to the converter: what a new size or path needs was open, and the buffer was found among
    /// the imports or imported. A path that imports nothing is there at once.
    /// </summary>
    public long ImportedNs { readonly get; set; }

    /// <summary>NV12 is complete.</summary>
    public long ConvertedNs { readonly get; set; }

    /// <summary>The access unit is complete.</summary>
    public long EncodedNs { readonly get; set; }

    /// <summary>The first packet was handed to the kernel.</summary>
    public long FirstSentNs { readonly get; set; }

    /// <summary>The last packet was handed to the kernel.</summary>
    public long LastSentNs { readonly get; set; }
}
