namespace QemuZeroCopy.Bench.Report;

/// <summary>Measured values of one thing.</summary>
internal sealed class Samples
{
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

    /// <summary>p50, p95, p99 and max, for the raw figures of a report.</summary>
    public IReadOnlyDictionary<string, double> Percentiles() => new Dictionary<string, double>
    {
        ["p50"] = Percentile(50), ["p95"] = Percentile(95), ["p99"] = Percentile(99), ["max"] = Max,
    };
}
