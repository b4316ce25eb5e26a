using System.Diagnostics;
using Microsoft.Playwright;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>The clocks of a page and of this host beside each other.</summary>
internal static class PageClock
{
    private const int Questions = 40;

    /// <summary>The host's monotonic clock, in ms.</summary>
    public static double NowMs => ToMs(Stopwatch.GetTimestamp());

    /// <summary>A reading of <see cref="Stopwatch"/> in ms of the host's monotonic clock.</summary>
    public static double ToMs(long timestamp) => timestamp * 1000.0 / Stopwatch.Frequency;

    /// <summary>What to add to the page's performance.now() to have the host's monotonic clock; off by half of the shortest of some round trips.</summary>
    public static async Task<double> OffsetMsAsync(IPage page)
    {
        double offset = 0, shortest = double.PositiveInfinity;
        for (int i = 0; i < Questions; i++)
        {
            double start = NowMs, now = await page.EvaluateAsync<double>("performance.now()"), end = NowMs;
            if (end - start >= shortest)
                continue;
            shortest = end - start;
            offset = (start + end) / 2 - now;
        }

        return offset;
    }
}
