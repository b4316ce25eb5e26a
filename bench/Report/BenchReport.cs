using System.Globalization;
using System.Text.Json;

namespace QemuZeroCopy.Bench.Report;

/// <summary>
/// What a benchmark found: printed as a table and kept as artifacts/bench/NAME.json. The file has the
/// fields bench, commit, machine, repeats and rows; a row has metric, value, unit, target, peer, peerValue,
/// spread, and where they apply met, percentiles, peerPercentiles, stages, note and why.
/// </summary>
internal sealed class BenchReport(string name, int repeats)
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };
    private readonly List<BenchRow> _rows = [];

    public string Name => name;

    public IReadOnlyList<BenchRow> Rows => _rows;

    public void Add(BenchRow row) => _rows.Add(row);

    /// <summary>A metric of the targets that this machine cannot measure.</summary>
    public void AddUnmeasured(string metric, string unit, Target? target, string why) =>
        _rows.Add(new BenchRow { Metric = metric, Unit = unit, Target = target, Why = why });

    /// <summary>Writes NAME.json into <paramref name="folder"/> and returns its path.</summary>
    public string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, name + ".json");
        using FileStream file = File.Create(path);
        using var json = new Utf8JsonWriter(file, Indented);
        json.WriteStartObject();
        json.WriteString("bench", name);
        json.WriteString("commit", Machine.Commit());
        json.WriteString("machine", Machine.Describe());
        json.WriteNumber("repeats", repeats);
        json.WriteStartArray("rows");
        foreach (BenchRow row in _rows)
            WriteRow(json, row);
        json.WriteEndArray();
        json.WriteEndObject();
        return path;
    }

    /// <summary>Prints the rows in columns: metric, figure, spread, target, peer.</summary>
    public void Print(TextWriter to)
    {
        to.WriteLine($"\n{name}: {Machine.Describe()}, {repeats} repeats");
        int width = _rows.Count == 0 ? 0 : _rows.Max(static row => row.Metric.Length);
        foreach (BenchRow row in _rows)
        {
            string value = row.Value is { } v ? Format(v) + Unit(row.Unit) : "not measured";
            string spread = row.Spread is { } s ? $"± {Format(s)}" : "";
            string target = row.Target is { } t ? $"target {t}{(row.IsMet switch { true => "  met", false => "  MISSED", null => "" })}" : "";
            string peer = row.Peer is null ? "" : row.PeerValue is { } p ? $"{row.Peer}: {Format(p)}{Unit(row.Unit)}" : row.Peer;
            string beside = string.Join("; ", new[] { peer, row.Note, row.Why }.Where(static text => !string.IsNullOrEmpty(text)));
            to.WriteLine($"  {row.Metric.PadRight(width)}  {value,16} {spread,-10} {target,-24} {beside}".TrimEnd());
        }
    }

    /// <summary>With as many digits as mean something.</summary>
    public static string Format(double value) =>
        value.ToString(Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.#", >= 0.1 or 0 => "0.###", _ => "G3" }, CultureInfo.InvariantCulture);

    private static string Unit(string unit) => unit is "ratio" or "count" ? "" : " " + unit;

    private static void WriteRow(Utf8JsonWriter json, BenchRow row)
    {
        json.WriteStartObject();
        json.WriteString("metric", row.Metric);
        WriteNumber(json, "value", row.Value);
        json.WriteString("unit", row.Unit);
        json.WriteString("target", row.Target?.ToString());
        json.WriteString("peer", row.Peer);
        WriteNumber(json, "peerValue", row.PeerValue);
        WriteNumber(json, "spread", row.Spread);
        if (row.IsMet is { } met)
            json.WriteBoolean("met", met);
        if (row.Why is not null)
            json.WriteString("why", row.Why);
        if (row.Note is not null)
            json.WriteString("note", row.Note);
        WriteNumbers(json, "percentiles", row.Percentiles);
        WriteNumbers(json, "peerPercentiles", row.PeerPercentiles);
        WriteNumbers(json, "stages", row.Stages);
        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, double>? numbers)
    {
        if (numbers is null)
            return;
        json.WriteStartObject(name);
        foreach ((string key, double value) in numbers)
            WriteNumber(json, key, value);
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
            json.WriteNumber(name, Math.Round(number, 6));
        else
            json.WriteNull(name);
    }
}
