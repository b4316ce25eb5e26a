namespace QemuZeroCopy.Bench.Report;

/// <summary>One figure of a benchmark.</summary>
internal sealed record BenchRow
{
    /// <summary>Name from the list of targets, or a further one.</summary>
    public required string Metric { get; init; }

    /// <summary>The figure; null where it cannot be measured here.</summary>
    public double? Value { get; init; }

    /// <summary>Unit of the figure; "ratio" and "count" have none.</summary>
    public required string Unit { get; init; }

    /// <summary>What to reach, if anything.</summary>
    public Target? Target { get; init; }

    /// <summary>Who was measured beside us in the same run.</summary>
    public string? Peer { get; init; }

    /// <summary>The peer's figure, in the same unit.</summary>
    public double? PeerValue { get; init; }

    /// <summary>Half the distance between the quartiles over the repeats, in the same unit.</summary>
    public double? Spread { get; init; }

    /// <summary>Raw percentiles behind the figure.</summary>
    public IReadOnlyDictionary<string, double>? Percentiles { get; init; }

    /// <summary>The peer's percentiles, for the plot.</summary>
    public IReadOnlyDictionary<string, double>? PeerPercentiles { get; init; }

    /// <summary>The parts that the figure is made of, in the same unit and in their order: they add up to its mean.</summary>
    public IReadOnlyDictionary<string, double>? Stages { get; init; }

    /// <summary>What a reader has to know about the figure.</summary>
    public string? Note { get; init; }

    /// <summary>Why there is no figure.</summary>
    public string? Why { get; init; }

    /// <summary>Whether the target is reached; null without a target or a figure.</summary>
    public bool? IsMet => Value is { } value && Target is { } target ? target.IsMetBy(value) : null;
}
