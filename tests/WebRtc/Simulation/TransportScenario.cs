namespace QemuZeroCopy.WebRtc.Tests.Simulation;

/// <summary>When the picture moves.</summary>
internal readonly record struct MotionSpan(double FromMs, double ToMs);

/// <summary>A network, and what is sent over it, declared.</summary>
internal sealed record TransportScenario
{
    public required string Name { get; init; }

    /// <summary>From us to the viewer.</summary>
    public required LinkPlan Down { get; init; }

    /// <summary>From the viewer to us; by default as long and as lossy as the way down, and unlimited.</summary>
    public LinkPlan? Up { get; init; }

    public double DurationMs { get; init; } = 20_000;

    public double FrameRate { get; init; } = 60;

    /// <summary>What the content takes at most, whatever the path allows.</summary>
    public long ContentBps { get; init; } = 60_000_000;

    /// <summary>Motion all the time unless spans are given; between them nothing is sent.</summary>
    public IReadOnlyList<MotionSpan> Motion { get; init; } = [];

    /// <summary>Frames before this are not judged: the path has to be found first.</summary>
    public double WarmUpMs { get; init; } = 3000;

    public LinkPlan UpPlan => Up ?? new LinkPlan { DelayMs = Down.DelayMs, JitterMs = Down.JitterMs, Loss = Down.Loss, Bursts = Down.Bursts };
}

/// <summary>What came of a run.</summary>
internal sealed record TransportOutcome
{
    /// <summary>Capture to shown, less the one-way delay, in frame times.</summary>
    public required double DelayP95Frames { get; init; }

    public required double DelayP50Frames { get; init; }

    /// <summary>The longest time between two shown frames, while the picture moved.</summary>
    public required double FreezeMs { get; init; }

    /// <summary>Share of the bottleneck's capacity that was used.</summary>
    public required double Utilisation { get; init; }

    /// <summary>What packets waited before the bottleneck, 95th percentile.</summary>
    public required double QueueP95Ms { get; init; }

    public required int Frames { get; init; }

    public required int KeyFrames { get; init; }

    public required double MeanTargetBps { get; init; }

    public required long Repeated { get; init; }

    /// <summary>Parity packets that arrived.</summary>
    public required long Parities { get; init; }

    /// <summary>Packets that parity brought back.</summary>
    public required long Recovered { get; init; }

    public required long PacketsLost { get; init; }

    public override string ToString() =>
        $"delay p50 {DelayP50Frames:0.00} p95 {DelayP95Frames:0.00} frames, freeze {FreezeMs:0} ms, utilisation {Utilisation:0.00}, queue p95 {QueueP95Ms:0.0} ms, {Frames} frames ({KeyFrames} key), target {MeanTargetBps / 1e6:0.0} Mbit/s, {Repeated} repeated, {Parities} parities, {Recovered} recovered, {PacketsLost} lost";
}
