using System.Numerics;

namespace QemuZeroCopy.Server.Metrics;

/// <summary>
/// Counts durations in buckets whose width grows with the value, as HdrHistogram does: every power of two
/// is cut into 64, so a percentile is at most 1.6 % off. Recording takes one atomic add and no lock;
/// reading takes a copy and disturbs nobody.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBucketBits = 6;
    private const int SubBuckets = 1 << SubBucketBits;

    /// <summary>Longer ones count as this: 2^36 ns, 69 s. Nothing that waits so long is a latency any more.</summary>
    public const long MaxNs = (1L << 36) - 1;

    /// <summary>The first 64 ns one by one, then 64 for each power of two up to <see cref="MaxNs"/>.</summary>
    internal const int BucketCount = SubBuckets * (36 - SubBucketBits + 1);

    private readonly long[] _counts = new long[BucketCount];
    private long _sumNs;

    /// <summary>Counts one duration; negative ones count as 0.</summary>
    public void Record(long durationNs)
    {
        long value = Math.Clamp(durationNs, 0, MaxNs);
        Interlocked.Increment(ref _counts[IndexOf(value)]);
        Interlocked.Add(ref _sumNs, value);
    }

    /// <summary>What has been counted so far.</summary>
    public LatencySnapshot Snapshot()
    {
        var counts = new long[BucketCount];
        for (int i = 0; i < counts.Length; i++)
            counts[i] = Volatile.Read(ref _counts[i]);
        return new LatencySnapshot(counts, Interlocked.Read(ref _sumNs));
    }

    internal static int IndexOf(long value)
    {
        if (value < SubBuckets)
            return (int)value;
        int exponent = BitOperations.Log2((ulong)value) - SubBucketBits;
        return SubBuckets * (exponent + 1) + (int)(value >> exponent) - SubBuckets;
    }

    /// <summary>The largest duration that falls into a bucket, in ns.</summary>
    internal static long UpperBoundNs(int index)
    {
        if (index < SubBuckets)
            return index;
        int exponent = index / SubBuckets - 1;
        long mantissa = index % SubBuckets + SubBuckets;
        return ((mantissa + 1) << exponent) - 1;
    }
}

/// <summary>A copy of a histogram. Two of one histogram can be subtracted to see what happened between.</summary>
internal sealed class LatencySnapshot
{
    private readonly long[] _counts;

    internal LatencySnapshot(long[] counts, long sumNs)
    {
        _counts = counts;
        SumNs = sumNs;
        foreach (long count in counts)
            Count += count;
    }

    /// <summary>Number of durations.</summary>
    public long Count { get; }

    /// <summary>All durations together, in ns.</summary>
    public long SumNs { get; }

    /// <summary>The duration that <paramref name="percent"/> of them do not exceed, in ns; 0 when there are none.</summary>
    public long PercentileNs(double percent)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(percent / 100 * Count)), seen = 0;
        for (int i = 0; i < _counts.Length && Count > 0; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
                return LatencyHistogram.UpperBoundNs(i);
        }

        return 0;
    }

    /// <summary>How many durations do not exceed <paramref name="limitNs"/>, to the bucket.</summary>
    public long CountUpTo(long limitNs)
    {
        long count = 0;
        for (int i = 0; i < _counts.Length && LatencyHistogram.UpperBoundNs(i) <= limitNs; i++)
            count += _counts[i];
        return count;
    }

    /// <summary>Every bucket that something fell into, by the largest duration that it takes.</summary>
    public IEnumerable<(long UpperBoundNs, long Count)> FilledBuckets()
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] > 0)
                yield return (LatencyHistogram.UpperBoundNs(i), _counts[i]);
        }
    }

    /// <summary>What was counted after <paramref name="earlier"/>, a snapshot of the same histogram.</summary>
    public LatencySnapshot Since(LatencySnapshot earlier)
    {
        var difference = new long[_counts.Length];
        for (int i = 0; i < difference.Length; i++)
            difference[i] = _counts[i] - earlier._counts[i];
        return new LatencySnapshot(difference, SumNs - earlier.SumNs);
    }
}
