using System.Globalization;

namespace QemuZeroCopy.WebRtc.Tests.Simulation;

/// <summary>Gates well above the targets, which the bench measures: these find what is broken, from any seed.</summary>
public class TransportTests
{
    private static TransportOutcome Run(TransportScenario scenario)
    {
        var seed = new SeededRandom();
        bool traces = Environment.GetEnvironmentVariable("QZC_TRACE") is not null;
        using var run = new TransportRun(scenario, seed.Seed) { Trace = traces ? line => TestContext.Current.TestOutputHelper?.WriteLine(line) : null };
        TransportOutcome outcome = run.Run();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{scenario.Name}, {seed}: {outcome}"));
        return outcome;
    }

    [Theory]
    [InlineData(5)]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(80)]
    public void One_percent_of_loss_delays_few_frames(double roundTripMs)
    {
        TransportOutcome outcome = Run(Plans.Loss1(roundTripMs));
        Assert.InRange(outcome.DelayP95Frames, 0, 1.5 + (2 * roundTripMs / 16.7));
        Assert.InRange(outcome.Frames, 1000, 1300);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(40)]
    [InlineData(80)]
    public void Five_percent_of_loss_does_not_freeze_the_picture(double roundTripMs) =>
        Assert.InRange(Run(Plans.Loss5(roundTripMs)).FreezeMs, 0, 450);

    [Theory]
    [InlineData(2, 40)]
    [InlineData(5, 20)]
    [InlineData(20, 5)]
    [InlineData(20, 80)]
    public void A_steady_bottleneck_is_used_without_a_queue(double mbps, double roundTripMs)
    {
        TransportOutcome outcome = Run(Plans.Steady(mbps, roundTripMs));
        Assert.InRange(outcome.Utilisation, 0.75, 1);
        Assert.InRange(outcome.QueueP95Ms, 0, 45);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(80)]
    public void Steps_of_capacity_are_followed(double roundTripMs)
    {
        TransportOutcome outcome = Run(Plans.Steps(roundTripMs));
        Assert.InRange(outcome.Utilisation, 0.6, 1);
        Assert.InRange(outcome.QueueP95Ms, 0, 90);
        Assert.InRange(outcome.FreezeMs, 0, 800);
    }

    [Fact]
    public void Bursts_of_loss_are_repaired() =>
        Assert.InRange(Run(Plans.Bursts(30)).FreezeMs, 0, 450);

    [Fact]
    public void The_first_motion_after_a_still_screen_neither_starves_nor_floods()
    {
        TransportOutcome outcome = Run(Plans.IdleThenMotion(20));
        Assert.InRange(outcome.FreezeMs, 0, 400);
        Assert.InRange(outcome.QueueP95Ms, 0, 60);
    }
}
