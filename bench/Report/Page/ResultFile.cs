using System.Text.Json;

namespace QemuZeroCopy.Bench.Report.Page;

/// <summary>One row as it stands in a result file.</summary>
internal sealed record ResultRow(
    string Metric, double? Value, string Unit, string? Target, string? Peer, double? PeerValue, double? Spread, bool? IsMet, string? Why, string? Note,
    IReadOnlyList<(string Name, double Value)> Percentiles, IReadOnlyList<(string Name, double Value)> PeerPercentiles, IReadOnlyList<(string Name, double Value)> Stages);

/// <summary>What artifacts/bench/NAME.json holds, or why it is not there.</summary>
internal sealed record ResultFile(string Name, double Seconds, string? Failure, string Commit, string Machine, int Repeats, IReadOnlyList<ResultRow> Rows)
{
    /// <summary>Reads the file that this run of the suite has left.</summary>
    public static ResultFile Read(string folder, SuiteOutcome outcome)
    {
        string path = Path.Combine(folder, outcome.Name + ".json");
        if (!File.Exists(path))
            return new ResultFile(outcome.Name, outcome.Seconds, outcome.Failure ?? "no result file was written", "", "", 0, []);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        JsonElement root = document.RootElement;
        return new ResultFile(
            outcome.Name, outcome.Seconds, outcome.Failure, root.GetProperty("commit").GetString()!, root.GetProperty("machine").GetString()!,
            root.GetProperty("repeats").GetInt32(), [.. root.GetProperty("rows").EnumerateArray().Select(ReadRow)]);
    }

    private static ResultRow ReadRow(JsonElement row) => new(
        row.GetProperty("metric").GetString()!, Number(row, "value"), row.GetProperty("unit").GetString()!, Text(row, "target"), Text(row, "peer"), Number(row, "peerValue"),
        Number(row, "spread"), row.TryGetProperty("met", out JsonElement met) ? met.GetBoolean() : null, Text(row, "why"), Text(row, "note"),
        Numbers(row, "percentiles"), Numbers(row, "peerPercentiles"), Numbers(row, "stages"));

    private static double? Number(JsonElement row, string name) => row.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static string? Text(JsonElement row, string name) => row.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static IReadOnlyList<(string, double)> Numbers(JsonElement row, string name) => row.TryGetProperty(name, out JsonElement numbers)
        ? [.. numbers.EnumerateObject().Where(static n => n.Value.ValueKind == JsonValueKind.Number).Select(static n => (n.Name, n.Value.GetDouble()))]
        : [];
}
