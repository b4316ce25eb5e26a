namespace QemuZeroCopy.Bench.Report;

/// <summary>Measured values of one thing.</summary>
internal sealed class Samples
{
    /// <summary>The percentiles that a report keeps: enough of them to draw the distribution.</summary>
    public static readonly IReadOnlyList<(string Name, double Percent)> Ranks =
        [("p1", 1), ("p5", 5), ("p10", 10), ("p25", 25), ("p50", 50), ("p75", 75), ("p90", 90), ("p95", 95), ("p99", 99), ("max", 100)];

    private readonly List<double> _values = [];
    private bool _sorted;

    public int Count => _values.Count;

    /// <summary>In no order that means something.</summary>
    public IReadOnlyList<double> Values => _values;

    public double Median => Percentile(50);

    public double Max => Percentile(100);

    public void Add(double value)
    {
        _values.Add(value);
        _sorted = false;
    }

    /// <summary>The smallest value that <paramref name="percent"/> of the values do not exceed (nearest rank).</summary>
    public double Percentile(double percent)
    {
        if (_values.Count == 0)
            throw new InvalidOperationException("No value was measured.");
        if (!_sorted)
            _values.Sort();
        _sorted = true;
        int rank = (int)Math.Ceiling(percent / 100 * _values.Count);
        return _values[Math.Clamp(rank - 1, 0, _values.Count - 1)];
    }

    /// <summary>Half the distance between the quartiles: how far a value usually lies from the median.</summary>
    public double Spread => _values.Count < 2 ? 0 : (Percentile(75) - Percentile(25)) / 2;

    /// <summary>The <see cref="Ranks"/> of these values.</summary>
    public IReadOnlyDictionary<string, double> Percentiles() => Ranks.ToDictionary(static rank => rank.Name, rank => Percentile(rank.Percent));
}
