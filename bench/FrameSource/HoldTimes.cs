using System.Globalization;
using System.Text;

namespace QemuZeroCopy.FrameSource;

/// <summary>How long updates held a guest, each from its message to the answer. Any thread.</summary>
public sealed class HoldTimes
{
    private const double FrameMs = 1000.0 / 60;
    private static readonly double[] Bounds = [0.125, 0.25, 0.5, 1, 2, 4, 8, FrameMs, 33, 66, double.PositiveInfinity];
    private readonly List<double> _ms = [];
    private int _unread;
    private int _longest;

    /// <summary>One more. An update may be answered before its pixels were read.</summary>
    public void Add(TimeSpan held, bool wasRead = true)
    {
        lock (_ms)
        {
            _ms.Add(held.TotalMilliseconds);
            _longest = _ms[^1] > _ms[_longest] ? _ms.Count - 1 : _longest;
            _unread += wasRead ? 0 : 1;
        }
    }

    /// <summary>In one line: the first, percentiles, and how many exceeded a frame at 60 Hz.</summary>
    public string Summary
    {
        get
        {
            lock (_ms)
                return _ms.Count == 0 ? "never held" : Summarize([.. _ms.Order()]);
        }
    }

    /// <summary>The summary, and a line for each range that was met.</summary>
    public override string ToString()
    {
        lock (_ms)
        {
            if (_ms.Count == 0)
                return "never held";
            double[] sorted = [.. _ms.Order()];
            var text = new StringBuilder();
            text.AppendLine(Summarize(sorted));
            double lower = 0;
            foreach (double upper in Bounds)
            {
                int count = sorted.Count(ms => ms > lower && ms <= upper);
                if (count > 0)
                    text.AppendLine(CultureInfo.InvariantCulture, $"{lower,7:F3} to {upper,7:F3} ms {count,6} {new string('#', (count * 60 + sorted.Length - 1) / sorted.Length)}");
                lower = upper;
            }

            return text.ToString();
        }
    }

    private string Summarize(double[] sorted)
    {
        int above = sorted.Count(static ms => ms > FrameMs);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"held {sorted.Length} times, {_unread} answered before they were read: first {_ms[0]:F2} ms, p50 {At(sorted, 0.5):F2} ms, p99 {At(sorted, 0.99):F2} ms, max {sorted[^1]:F2} ms, which was number {_longest + 1}; {above} for more than {FrameMs:F1} ms, {100.0 * above / sorted.Length:F2} %");
    }

    private static double At(double[] sorted, double share) => sorted[Math.Min((int)(share * sorted.Length), sorted.Length - 1)];
}
