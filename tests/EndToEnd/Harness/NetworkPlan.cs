namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>What a path does to datagrams, both ways unless said otherwise; changeable while it runs.</summary>
internal sealed record NetworkPlan
{
    /// <summary>Probability of a loss, each datagram by itself.</summary>
    public double Loss { get; init; }

    /// <summary>One-way delay.</summary>
    public double DelayMs { get; init; }

    /// <summary>What the way to the browser carries, in bit/s; <see cref="long.MaxValue"/> for anything.</summary>
    public long DownBps { get; init; } = long.MaxValue;

    /// <summary>What waits before that bottleneck at most: more is dropped.</summary>
    public double MaxQueueMs { get; init; } = 300;

    /// <summary>Nothing passes.</summary>
    public bool IsBlocked { get; init; }
}
