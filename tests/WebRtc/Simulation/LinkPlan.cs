namespace QemuZeroCopy.WebRtc.Tests.Simulation;

/// <summary>From when on a link carries how much.</summary>
internal readonly record struct CapacityStep(double AtMs, long Bps);

/// <summary>Losses that come in bursts (Gilbert-Elliott): a good state without losses, a bad one with.</summary>
/// <param name="ToBad">Probability per packet to enter the bad state.</param>
/// <param name="ToGood">Probability per packet to leave it.</param>
/// <param name="LossInBad">Probability of a loss in it.</param>
internal readonly record struct BurstLoss(double ToBad, double ToGood, double LossInBad);

/// <summary>One direction of a network, declared.</summary>
internal sealed record LinkPlan
{
    /// <summary>One-way delay without any queue.</summary>
    public double DelayMs { get; init; } = 10;

    /// <summary>Further delay, uniform from 0; packets keep their order unless reordered.</summary>
    public double JitterMs { get; init; }

    /// <summary>Probability of a loss, each packet by itself.</summary>
    public double Loss { get; init; }

    public BurstLoss? Bursts { get; init; }

    /// <summary>Probability that a packet overtakes: it skips the jitter and half of the delay.</summary>
    public double Reorder { get; init; }

    /// <summary>Probability that a packet arrives twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>Capacity over time; empty for unlimited.</summary>
    public IReadOnlyList<CapacityStep> Capacity { get; init; } = [];

    /// <summary>Bytes that wait before the bottleneck at most; more are dropped.</summary>
    public int QueueBytes { get; init; } = 256 * 1024;

    /// <summary>Larger datagrams are dropped.</summary>
    public int MtuBytes { get; init; } = 1472;

    /// <summary>Bytes of headers below UDP's payload that the bottleneck carries too.</summary>
    public int HeaderBytes { get; init; } = 28;

    public long CapacityAt(double ms)
    {
        long bps = long.MaxValue;
        foreach (CapacityStep step in Capacity)
        {
            if (step.AtMs <= ms)
                bps = step.Bps;
        }

        return bps;
    }
}
