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

    /// <summary>Bytes of all access units.</summary>
    public long BytesEncoded { get; init; }

    /// <summary>Picture size now; null while the screen is off.</summary>
    public PictureSize? Size { get; init; }

    /// <summary>Converter in use.</summary>
    public string? Converter { get; init; }

    /// <summary>Encoder in use.</summary>
    public string? Encoder { get; init; }
}
