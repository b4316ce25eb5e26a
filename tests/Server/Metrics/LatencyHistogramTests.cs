using QemuZeroCopy.Server.Metrics;

namespace QemuZeroCopy.Server.Tests.Metrics;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Every_value_falls_into_the_bucket_that_ends_at_or_above_it_and_begins_below()
    {
        var random = new Random(20261121);
        for (int i = 0; i < 100_000; i++)
        {
            long value = random.NextInt64(LatencyHistogram.MaxNs) >> random.Next(36);
            int index = LatencyHistogram.IndexOf(value);
            Assert.InRange(index, 0, LatencyHistogram.BucketCount - 1);
            Assert.True(LatencyHistogram.UpperBoundNs(index) >= value);
            Assert.True(index == 0 || LatencyHistogram.UpperBoundNs(index - 1) < value);
        }
    }

    [Fact]
    public void Percentiles_are_at_most_one_part_in_sixty_four_above_the_exact_ones()
    {
        var random = new Random(7);
        var histogram = new LatencyHistogram();
        long[] values = new long[10_000];
        for (int i = 0; i < values.Length; i++)
            histogram.Record(values[i] = (long)Math.Exp(random.NextDouble() * 20) + 1);
        Array.Sort(values);
        LatencySnapshot snapshot = histogram.Snapshot();
        foreach (double percent in new[] { 1, 50, 95, 99, 100 })
        {
            long exact = values[(int)Math.Ceiling(percent / 100 * values.Length) - 1];
            Assert.InRange(snapshot.PercentileNs(percent), exact, exact + exact / 64 + 1);
        }

        Assert.Equal(values.Sum(), snapshot.SumNs);
    }

    [Fact]
    public void The_extremes_are_counted_at_the_ends()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(-5);
        histogram.Record(long.MaxValue);
        LatencySnapshot snapshot = histogram.Snapshot();
        Assert.Equal(0, snapshot.PercentileNs(50));
        Assert.Equal(LatencyHistogram.MaxNs, snapshot.PercentileNs(100));
    }

    [Fact]
    public void A_difference_of_snapshots_holds_what_came_between()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(1000);
        LatencySnapshot before = histogram.Snapshot();
        histogram.Record(5_000_000);
        LatencySnapshot between = histogram.Snapshot().Since(before);
        Assert.Equal(1, between.Count);
        Assert.Equal(5_000_000, between.SumNs);
    }

    [Fact]
    public void Threads_that_record_at_once_lose_nothing()
    {
        var histogram = new LatencyHistogram();
        Parallel.For(0, 8, _ =>
        {
            for (int i = 0; i < 50_000; i++)
                histogram.Record(i);
        });
        Assert.Equal(400_000, histogram.Snapshot().Count);
    }
}
