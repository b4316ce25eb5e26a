using System.Globalization;
using System.Text;

namespace QemuZeroCopy.Pipeline.Tests.Display;

/// <summary>How long each update held its guest, from the message's arrival to the answer.</summary>
internal sealed class HoldTimes
{
    private static readonly double[] Bounds = [0.125, 0.25, 0.5, 1, 2, 4, 8, 1000.0 / 60, 33, 66, double.PositiveInfinity];
    private readonly List<double> _ms = [];
    private int _unread;

    /// <summary>Display thread.</summary>
    public void Add(long heldNs, bool wasRead)
    {
        lock (_ms)
        {
            _ms.Add(heldNs / 1e6);
            _unread += wasRead ? 0 : 1;
        }
    }

    /// <summary>Percentiles and a line for each range that was met.</summary>
    public override string ToString()
    {
        lock (_ms)
        {
            _ms.Sort();
            var text = new StringBuilder();
            text.AppendLine(CultureInfo.InvariantCulture, $"held {_ms.Count} times, {_unread} answered before they were read: p50 {At(0.5):F2} ms, p99 {At(0.99):F2} ms, max {_ms[^1]:F2} ms");
            double lower = 0;
            foreach (double upper in Bounds)
            {
                int count = _ms.Count(ms => ms > lower && ms <= upper);
                if (count > 0)
                    text.AppendLine(CultureInfo.InvariantCulture, $"{lower,7:F3} to {upper,7:F3} ms {count,6} {new string('#', (count * 60 + _ms.Count - 1) / _ms.Count)}");
                lower = upper;
            }

            return text.ToString();
        }
    }

    private double At(double share) => _ms[Math.Min((int)(share * _ms.Count), _ms.Count - 1)];
}
