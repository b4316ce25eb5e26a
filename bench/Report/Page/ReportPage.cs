using System.Globalization;
using System.Reflection;
using System.Text;

namespace QemuZeroCopy.Bench.Report.Page;

/// <summary>One page that says where we stand: a line for each row of the targets, then every figure of each benchmark with its plots.</summary>
internal static class ReportPage
{
    private static readonly string[] s_tail = ["p50", "p95", "p99", "max"];

    /// <summary>The whole page, which needs no other file.</summary>
    public static string Write(IEnumerable<ResultFile> results, TimeSpan elapsed)
    {
        ResultFile[] all = [.. results];
        ResultFile? first = all.FirstOrDefault(static r => r.Rows.Count > 0);
        var html = new StringBuilder("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>QemuZeroCopy: where we stand</title>\n<style>\n");
        html.Append(Style()).Append("</style>\n<main>\n<h1>Where we stand</h1>\n");
        html.Append($"<p class=\"quiet\">QemuZeroCopy {Plots.Escape(first?.Commit ?? "")} · {Plots.Escape(first?.Machine ?? "")} · {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC · {elapsed.TotalMinutes:F0} minutes</p>\n");
        Summary(html, all);
        foreach (ResultFile result in all)
            Section(html, result);
        return html.Append("</main>\n</html>\n").ToString();
    }

    private static void Summary(StringBuilder html, ResultFile[] all)
    {
        int met = all.Sum(static r => r.Rows.Count(static row => row.IsMet == true)), missed = all.Sum(static r => r.Rows.Count(static row => row.IsMet == false));
        int unmeasured = all.Sum(static r => r.Rows.Count(static row => row.Why is not null) + TargetList.MissingIn(r).Count);
        html.Append(CultureInfo.InvariantCulture, $"<p class=\"score\"><b class=\"met\">{met}</b> met <b class=\"missed\">{missed}</b> missed <b>{unmeasured}</b> not measured</p>\n");
        html.Append("<table><thead><tr><th>bench<th>figure<th class=\"n\">ours<th class=\"n\">target<th><th>beside<th class=\"n\">theirs</thead><tbody>\n");
        foreach (ResultFile result in all)
        {
            string[] lines =
            [
                .. result.Rows.Where(row => row.Target is not null || row.Why is not null || TargetList.Names(result.Name, row.Metric)).Select(Cells),
                .. TargetList.MissingIn(result).Select(metric => $"<td>{Plots.Escape(Plots.Words(metric))}<td class=\"n\">–<td><td>{Badge("none", "not measured")}<td class=\"quiet\">{Plots.Escape(result.Failure ?? "this run has no figure of it")}<td>"),
            ];
            if (lines.Length == 0)
                lines = [$"<td colspan=\"3\"><td>{(result.Failure is null ? "" : Badge("none", "no result"))}<td colspan=\"2\" class=\"quiet\">{Plots.Escape(result.Failure ?? "no target; figures below")}"];
            for (int i = 0; i < lines.Length; i++)
                html.Append($"<tr><td>{(i == 0 ? $"<a href=\"#{result.Name}\">{result.Name}</a>" : "")}").Append(lines[i]).Append('\n');
        }

        html.Append("</tbody></table>\n");
    }

    private static string Cells(ResultRow row)
    {
        string badge = row.IsMet switch { true => Badge("met", "met"), false => Badge("missed", "missed"), _ => row.Value is null ? Badge("none", "not measured") : "" };
        string spread = row.Spread is > 0 and { } s ? $" <span class=\"quiet\">± {Format(s)}</span>" : "";
        string value = row.Value is { } v ? $"{Format(v)}{Unit(row)}{spread}" : "–";
        string beside = Plots.Escape(string.Join("; ", new[] { row.Peer, row.Note, row.Why }.Where(static text => !string.IsNullOrEmpty(text))));
        return $"<td>{Plots.Escape(Plots.Words(row.Metric))}<td class=\"n\">{value}<td class=\"n\">{Plots.Escape((row.Target ?? "").Replace("<=", "≤", StringComparison.Ordinal).Replace(">=", "≥", StringComparison.Ordinal))}<td>{badge}<td class=\"quiet\">{beside}<td class=\"n\">{(row.PeerValue is { } p ? Format(p) + Unit(row) : "")}";
    }

    private static void Section(StringBuilder html, ResultFile result)
    {
        html.Append($"<section id=\"{result.Name}\"><h2>{result.Name}</h2>\n<p class=\"quiet\">");
        html.Append(CultureInfo.InvariantCulture, $"{result.Seconds:F0} s{(result.Repeats > 0 ? $", {result.Repeats} repeats" : "")}");
        html.Append(result.Failure is { } failure ? $" · <b class=\"missed\">{Plots.Escape(failure)}</b></p>\n" : "</p>\n");
        if (result.Rows.Count > 0)
        {
            html.Append("<details open><summary>Figures</summary><table><thead><tr><th>figure<th class=\"n\">ours<th class=\"n\">target<th><th>beside<th class=\"n\">theirs<th class=\"n\">p50 / p95 / p99 / max</thead><tbody>\n");
            foreach (ResultRow row in result.Rows)
                html.Append("<tr>").Append(Cells(row)).Append("<td class=\"n quiet\">").Append(Tail(row)).Append('\n');
            html.Append("</tbody></table></details>\n");
        }

        html.Append(Plots.Stages([.. result.Rows.Where(static row => row.Stages.Count > 0)]));
        foreach (IGrouping<string, ResultRow> unit in result.Rows.Where(static row => row.Percentiles.Count > 0).GroupBy(static row => row.Unit))
            html.Append(Plots.Distributions([.. unit]));
        html.Append("</section>\n");
    }

    private static string Tail(ResultRow row) => row.Percentiles.Count == 0
        ? ""
        : string.Join(" / ", s_tail.Select(name => Format(row.Percentiles.FirstOrDefault(p => p.Name == name).Value)));

    private static string Badge(string kind, string text) => $"<span class=\"badge {kind}\">{text}</span>";

    private static string Format(double value) => BenchReport.Format(value);

    private static string Unit(ResultRow row) => row.Unit switch
    {
        "ratio" => row.Metric.StartsWith("ratio_", StringComparison.Ordinal) ? " ×" : "",
        "count" => "",
        _ => " " + Plots.Escape(row.Unit),
    };

    private static string Style()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("report.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
