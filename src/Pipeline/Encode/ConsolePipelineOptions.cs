namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>How one console's encode thread starts; all of it but the name can be changed while it runs.</summary>
public sealed record ConsolePipelineOptions
{
    /// <summary>Name of the thread, seen in debuggers and top; Linux keeps 15 characters of it.</summary>
    public string ThreadName { get; init; } = "qzc-encode";

    /// <summary>Rate target, in bits per second.</summary>
    public int BitsPerSecond
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, ConsolePipeline.MinBitsPerSecond);
            field = value;
        }
    } = 8_000_000;

    /// <summary>The most pictures encoded in a second.</summary>
    public int MaxFramesPerSecond
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, ConsolePipeline.MaxFramesPerSecondLimit);
            field = value;
        }
    } = 60;

    /// <summary>What the first viewers are taken to decode.</summary>
    public VideoFormat Format { get; init; } = VideoFormat.Default;

    /// <summary>Viewers at the start; with 0 nothing is encoded.</summary>
    public int Viewers { get; init; }

    /// <summary>Whether a still picture is sharpened step by step.</summary>
    public bool Refine { get; init; } = true;
}
