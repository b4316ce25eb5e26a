using System.Text.Json;
using QemuZeroCopy.Bench.Report;

namespace QemuZeroCopy.Bench.Host;

/// <summary>
/// What the server's histograms held at one time, from <c>/latency?buckets</c>. Two of them subtracted tell of the time
/// between, and several such are added up over the repeats.
/// </summary>
internal sealed class StageReading
{
    /// <summary>The stages that follow each other and add up to the total.</summary>
    public static readonly IReadOnlyList<string> Parts = ["wait", "pace", "wake", "import", "convert", "encode", "queue", "send"];

    /// <summary>Those of them that are not the encoder's.</summary>
    public static readonly IReadOnlyList<string> OverheadParts = ["wake", "import", "convert", "queue", "send"];

    /// <summary>What a viewer adds to them, of the pictures that its page tells of.</summary>
    public static readonly IReadOnlyList<string> ViewerParts = ["path", "decode", "show"];

    private readonly Dictionary<string, SortedDictionary<long, long>> _counts = [];
    private readonly Dictionary<string, double> _sumsMs = [];

    public static async Task<StageReading> ReadAsync(HttpClient http, Uri page)
    {
        using JsonDocument document = JsonDocument.Parse(await http.GetStringAsync(new Uri(page, "/latency?buckets")));
        var reading = new StageReading();
        foreach (JsonProperty stage in document.RootElement.GetProperty("stages").EnumerateObject().Concat(document.RootElement.GetProperty("viewer").EnumerateObject()))
        {
            var counts = new SortedDictionary<long, long>();
            foreach (JsonElement bucket in stage.Value.GetProperty("buckets").EnumerateArray())
                counts[bucket[0].GetInt64()] = bucket[1].GetInt64();
            reading._counts[stage.Name] = counts;
            reading._sumsMs[stage.Name] = stage.Value.GetProperty("sumUs").GetDouble() / 1000;
        }

        return reading;
    }

    public long Frames => Count("total");

    /// <summary>What came after <paramref name="earlier"/>.</summary>
    public StageReading Since(StageReading earlier) => Combine(earlier, -1);

    public StageReading Plus(StageReading other) => Combine(other, +1);

    /// <summary>The duration that <paramref name="percent"/> of the frames do not exceed, in ms, to 1.6 %.</summary>
    public double PercentileMs(string stage, double percent)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(percent / 100 * Count(stage))), seen = 0;
        foreach ((long upperBoundNs, long count) in _counts[stage])
        {
            seen += count;
            if (seen >= rank)
                return upperBoundNs * 1e-6;
        }

        return 0;
    }

    public IReadOnlyDictionary<string, double> Percentiles(string stage) => Samples.Ranks.ToDictionary(static rank => rank.Name, rank => PercentileMs(stage, rank.Percent));

    /// <summary>The mean of each part in ms: unlike percentiles, means add up.</summary>
    public IReadOnlyDictionary<string, double> Means() => Parts.ToDictionary(static part => part, MeanMs);

    /// <summary>The means of the host's parts and of the viewers', which are means of fewer pictures.</summary>
    public IReadOnlyDictionary<string, double> MeansToGlass() => Parts.Concat(ViewerParts).ToDictionary(static part => part, MeanMs);

    /// <summary>Pictures that viewers have told of.</summary>
    public long Seen => Count("glass");

    /// <summary>How far the parts' sum is off the total that was measured as a whole, as a share of it.</summary>
    public double SumError => _sumsMs["total"] == 0 ? 0 : Math.Abs(Parts.Sum(part => _sumsMs[part]) - _sumsMs["total"]) / _sumsMs["total"];

    private double MeanMs(string stage) => Count(stage) is > 0 and var count ? _sumsMs[stage] / count : 0;

    private long Count(string stage) => _counts[stage].Values.Sum();

    private StageReading Combine(StageReading other, int sign)
    {
        var result = new StageReading();
        foreach ((string stage, SortedDictionary<long, long> mine) in _counts)
        {
            var counts = new SortedDictionary<long, long>(mine);
            foreach ((long bound, long count) in other._counts[stage])
                counts[bound] = counts.GetValueOrDefault(bound) + sign * count;
            result._counts[stage] = counts;
            result._sumsMs[stage] = _sumsMs[stage] + sign * other._sumsMs[stage];
        }

        return result;
    }
}
