using System.Xml.Linq;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Bench.Report.Page;

namespace QemuZeroCopy.Bench.Tests;

public sealed class ReportPageTests
{
    [Fact]
    public void A_failed_benchmark_stands_in_the_report_beside_the_others()
    {
        string folder = Directory.CreateTempSubdirectory("qzc-report-").FullName;
        try
        {
            var report = new BenchReport("motion", 3);
            var samples = new Samples();
            for (int i = 1; i <= 100; i++)
                samples.Add(i);
            report.Add(new BenchRow { Metric = "ratio_fps", Unit = "ratio", Value = 6.5, Spread = 0.25, Target = Target.AtLeast(5), Peer = "noVNC & co", PeerValue = 1 });
            report.Add(new BenchRow { Metric = "gap_ms", Unit = "ms", Value = 50, Target = Target.AtMost(20), Percentiles = samples.Percentiles(), PeerPercentiles = samples.Percentiles() });
            report.Add(new BenchRow { Metric = "total", Unit = "ms", Value = 3, Stages = new Dictionary<string, double> { ["convert"] = 1, ["encode"] = 2 } });
            report.AddUnmeasured("gpu_share", "ratio", Target.AtLeast(0.6), "no GPU here");
            report.Write(folder);
            string page = ReportPage.Write(
                [ResultFile.Read(folder, new SuiteOutcome("motion", 12, null)), ResultFile.Read(folder, new SuiteOutcome("fanout", 300, "ended by force after its 300 s"))], TimeSpan.FromMinutes(20));

            Assert.Contains("noVNC &amp; co", page, StringComparison.Ordinal);
            Assert.Contains("ended by force after its 300 s", page, StringComparison.Ordinal);
            Assert.Contains("no GPU here", page, StringComparison.Ordinal);
            // What the targets name has its line, though this run says nothing of it.
            Assert.Contains("<td>gap p95 frames<td class=\"n\">–", page, StringComparison.Ordinal);
            Assert.Contains("<td>core share per viewer<td class=\"n\">–", page, StringComparison.Ordinal);
            Assert.Contains("<b class=\"met\">1</b> met <b class=\"missed\">1</b> missed <b>4</b> not measured", page, StringComparison.Ordinal);
            Assert.All(Drawings(page), static drawing => Assert.NotNull(XElement.Parse(drawing)));
            Assert.Equal(2, Drawings(page).Count());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<string> Drawings(string page)
    {
        for (int at = page.IndexOf("<svg", StringComparison.Ordinal); at >= 0; at = page.IndexOf("<svg", at + 1, StringComparison.Ordinal))
            yield return page[at..(page.IndexOf("</svg>", at, StringComparison.Ordinal) + 6)];
    }
}
