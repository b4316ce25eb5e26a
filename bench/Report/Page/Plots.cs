using System.Globalization;
using System.Net;
using System.Text;

namespace QemuZeroCopy.Bench.Report.Page;

/// <summary>Drawings in SVG, coloured by the page's own style sheet.</summary>
internal static class Plots
{
    private const int LabelWidth = 250;
    private const int PlotWidth = 640;
    private const int RowHeight = 34;

    /// <summary>
    /// A row for each figure with percentiles: a line from p5 to p99, a box between the quartiles, a stroke at the median;
    /// ours above the peer's. Logarithmic, because a latency's tail is many times its median.
    /// </summary>
    public static string Distributions(IReadOnlyList<ResultRow> rows)
    {
        IEnumerable<double> all = rows.SelectMany(static row => row.Percentiles.Concat(row.PeerPercentiles)).Select(static p => p.Value).Where(static v => v > 0);
        if (!all.Any())
            return "";
        double low = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(all.Min(), all.Max() / 1e5)))), high = Math.Pow(10, Math.Ceiling(Math.Log10(all.Max()) + 1e-9));
        double X(double value) => LabelWidth + PlotWidth * (Math.Log10(Math.Clamp(value, low, high)) - Math.Log10(low)) / (Math.Log10(high) - Math.Log10(low));
        var svg = new StringBuilder();
        int height = rows.Count * RowHeight + 34;
        Open(svg, height, $"Distributions in {rows[0].Unit}");
        for (double decade = low; decade <= high * 1.001; decade *= 10)
        {
            svg.Append(Invariant($"<line class=\"grid\" x1=\"{X(decade):F1}\" x2=\"{X(decade):F1}\" y1=\"0\" y2=\"{height - 24}\"/>"));
            svg.Append(Invariant($"<text class=\"tick\" x=\"{X(decade):F1}\" y=\"{height - 8}\" text-anchor=\"middle\">{decade:0.####} {Escape(rows[0].Unit)}</text>"));
        }

        for (int i = 0; i < rows.Count; i++)
        {
            int y = i * RowHeight;
            svg.Append(Invariant($"<text class=\"label\" x=\"{LabelWidth - 12}\" y=\"{y + 21}\" text-anchor=\"end\">{Escape(Words(rows[i].Metric))}</text>"));
            bool hasPeer = rows[i].PeerPercentiles.Count > 0;
            Box(svg, rows[i].Percentiles, X, y + (hasPeer ? 6 : 11), "ours", rows[i].Unit, "qzc");
            if (hasPeer)
                Box(svg, rows[i].PeerPercentiles, X, y + 19, "peer", rows[i].Unit, rows[i].Peer ?? "peer");
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>A bar for each figure that is made of parts, as long as their sum.</summary>
    public static string Stages(IReadOnlyList<ResultRow> rows)
    {
        if (rows.Count == 0)
            return "";
        double longest = rows.Max(static row => row.Stages.Sum(static s => s.Value));
        if (longest <= 0)
            return "";
        string[] names = [.. rows[0].Stages.Select(static s => s.Name)];
        var svg = new StringBuilder("<p class=\"legend\">");
        for (int i = 0; i < names.Length; i++)
            svg.Append(Invariant($"<span><i class=\"s{i}\"></i>{Escape(names[i])}</span>"));
        svg.Append("</p>");
        int height = rows.Count * 26 + 4;
        Open(svg, height, "Mean time in each stage");
        for (int i = 0; i < rows.Count; i++)
        {
            double x = LabelWidth, sum = rows[i].Stages.Sum(static s => s.Value);
            svg.Append(Invariant($"<text class=\"label\" x=\"{LabelWidth - 12}\" y=\"{i * 26 + 17}\" text-anchor=\"end\">{Escape(Words(rows[i].Metric))}</text>"));
            for (int stage = 0; stage < rows[i].Stages.Count; stage++)
            {
                double width = rows[i].Stages[stage].Value / longest * (PlotWidth - 80);
                svg.Append(Invariant($"<rect class=\"s{stage}\" x=\"{x:F1}\" y=\"{i * 26 + 4}\" width=\"{width:F2}\" height=\"18\"><title>{Escape(rows[i].Stages[stage].Name)}: {rows[i].Stages[stage].Value:0.###} {Escape(rows[i].Unit)}</title></rect>"));
                x += width;
            }

            svg.Append(Invariant($"<text class=\"tick\" x=\"{x + 6:F1}\" y=\"{i * 26 + 17}\">{sum:0.##} {Escape(rows[i].Unit)}</text>"));
        }

        return svg.Append("</svg>").ToString();
    }

    private static void Open(StringBuilder svg, int height, string title) =>
        svg.Append(Invariant($"<svg viewBox=\"0 0 {LabelWidth + PlotWidth + 40} {height}\" role=\"img\" aria-label=\"{Escape(title)}\">"));

    private static void Box(StringBuilder svg, IReadOnlyList<(string Name, double Value)> percentiles, Func<double, double> x, int y, string style, string unit, string who)
    {
        double Of(string name) => percentiles.FirstOrDefault(p => p.Name == name).Value;
        svg.Append(Invariant($"<g class=\"{style}\"><title>{Escape(who)}: {string.Join(", ", percentiles.Select(p => Invariant($"{p.Name} {p.Value:0.###}")))} {Escape(unit)}</title>"));
        svg.Append(Invariant($"<line x1=\"{x(Of("p5")):F1}\" x2=\"{x(Of("p99")):F1}\" y1=\"{y + 5}\" y2=\"{y + 5}\"/>"));
        svg.Append(Invariant($"<rect x=\"{x(Of("p25")):F1}\" width=\"{Math.Max(2, x(Of("p75")) - x(Of("p25"))):F1}\" y=\"{y}\" height=\"10\" rx=\"2\"/>"));
        svg.Append(Invariant($"<line class=\"median\" x1=\"{x(Of("p50")):F1}\" x2=\"{x(Of("p50")):F1}\" y1=\"{y - 1}\" y2=\"{y + 11}\"/>"));
        svg.Append(Invariant($"<circle cx=\"{x(Of("max")):F1}\" cy=\"{y + 5}\" r=\"1.8\"/></g>"));
    }

    internal static string Words(string metric) => metric.Replace('_', ' ');

    internal static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
