namespace QemuZeroCopy.WebRtc.Tests.Simulation;

/// <summary>The networks that the targets name, as plans. Capacities change at times of the run plus one second of connecting.</summary>
internal static class Plans
{
    /// <summary>A content of 10 Mbit/s on a path that carries 50, with 1 % of packets lost.</summary>
    public static TransportScenario Loss1(double roundTripMs) => new()
    {
        Name = $"1 % loss, {roundTripMs} ms round trip",
        Down = new LinkPlan { DelayMs = roundTripMs / 2, Loss = 0.01, Capacity = [new CapacityStep(0, 50_000_000)] },
        ContentBps = 10_000_000,
    };

    public static TransportScenario Loss5(double roundTripMs) => new()
    {
        Name = $"5 % loss, {roundTripMs} ms round trip",
        Down = new LinkPlan { DelayMs = roundTripMs / 2, Loss = 0.05, Capacity = [new CapacityStep(0, 50_000_000)] },
        ContentBps = 10_000_000,
        DurationMs = 30_000,
    };

    public static TransportScenario Steady(double mbps, double roundTripMs) => new()
    {
        Name = $"steady {mbps} Mbit/s, {roundTripMs} ms round trip",
        Down = new LinkPlan { DelayMs = roundTripMs / 2, JitterMs = 1, Capacity = [new CapacityStep(0, (long)(mbps * 1e6))], QueueBytes = (int)(mbps * 1e6 / 8 * 0.2) },
    };

    public static TransportScenario Steps(double roundTripMs) => new()
    {
        Name = $"steps 20, 8, 16, 5, 20 Mbit/s, {roundTripMs} ms round trip",
        Down = new LinkPlan
        {
            DelayMs = roundTripMs / 2,
            JitterMs = 1,
            Capacity = [new CapacityStep(0, 20_000_000), new CapacityStep(7000, 8_000_000), new CapacityStep(13_000, 16_000_000), new CapacityStep(19_000, 5_000_000), new CapacityStep(25_000, 20_000_000)],
            QueueBytes = 400_000,
        },
        DurationMs = 30_000,
    };

    public static TransportScenario Bursts(double roundTripMs) => new()
    {
        Name = $"bursts of loss, jitter, reordering, {roundTripMs} ms round trip",
        Down = new LinkPlan
        {
            DelayMs = roundTripMs / 2,
            JitterMs = 4,
            Bursts = new BurstLoss(0.002, 0.25, 0.7),
            Reorder = 0.005,
            Duplicate = 0.002,
            Capacity = [new CapacityStep(0, 30_000_000)],
        },
        ContentBps = 10_000_000,
    };

    /// <summary>Still for seconds, then everything moves; the path has shrunk meanwhile.</summary>
    public static TransportScenario IdleThenMotion(double roundTripMs) => new()
    {
        Name = $"still, then motion on half the capacity, {roundTripMs} ms round trip",
        Down = new LinkPlan { DelayMs = roundTripMs / 2, Capacity = [new CapacityStep(0, 20_000_000), new CapacityStep(9000, 10_000_000)], QueueBytes = 250_000 },
        Motion = [new MotionSpan(0, 5000), new MotionSpan(12_000, 20_000)],
    };
}
