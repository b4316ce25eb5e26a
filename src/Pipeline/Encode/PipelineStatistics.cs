using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>Counters since the start and the state now; a consistent copy for metrics and the overlay.</summary>
public readonly record struct PipelineStatistics
{
    /// <summary>Looks at the mailbox that found a picture.</summary>
    public long FramesTaken { get; init; }

    /// <summary>Pictures dropped because no macroblock differed.</summary>
    public long FramesUnchanged { get; init; }

    /// <summary>Access units delivered, refinements among them.</summary>
    public long FramesEncoded { get; init; }

    /// <summary>Access units that only sharpened a still picture.</summary>
    public long FramesRefined { get; init; }

    /// <summary>Access units decodable on their own.</summary>
    public long KeyFrames { get; init; }

    /// <summary>Pictures re-read because damage arrived while they were being read.</summary>
    public long FramesReread { get; init; }

    /// <summary>Pictures converted while the one before was being encoded.</summary>
    public long FramesReadAhead { get; init; }

    /// <summary>Bytes of all access units.</summary>
    public long BytesEncoded { get; init; }

    /// <summary>Bytes of scanouts' pixels that the CPU has read; 0 where only a GPU reads them.</summary>
    public long CpuReadBytes { get; init; }

    /// <summary>Bytes of converted pictures that the CPU has copied between converter and encoder.</summary>
    public long CpuCopiedBytes { get; init; }

    /// <summary>Buffers of the guest's that were imported or mapped; a known one is not imported again.</summary>
    public long ScanoutsImported { get; init; }

    /// <summary>Time spent in conversions, ns.</summary>
    public long ConvertNs { get; init; }

    /// <summary>Of it, how long the GPU ran by its own timestamps, ns.</summary>
    public long GpuNs { get; init; }

    /// <summary>Picture size now; null while the screen is off.</summary>
    public PictureSize? Size { get; init; }

    /// <summary>Converter in use.</summary>
    public string? Converter { get; init; }

    /// <summary>Encoder in use.</summary>
    public string? Encoder { get; init; }
}
