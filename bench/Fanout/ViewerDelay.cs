using System.Globalization;
using QemuZeroCopy.WebRtc.Tests.Simulation;

namespace QemuZeroCopy.Bench.Fanout;

/// <summary>How long a viewer's frames were under way, from the encoder's hands to the last packet.</summary>
internal readonly record struct ViewerDelay(int Frames, double P50Ms, double P99Ms)
{
    /// <summary>A frame's number has 28 bits: microseconds, which come round after four and a half minutes.</summary>
    private const int NumberMask = (1 << 28) - 1;

    /// <summary>An instant as a frame's number.</summary>
    public static int NumberOf(long ns) => (int)(ns / 1000) & NumberMask;

    public static ViewerDelay Of(IReadOnlyList<ShownFrame> shown)
    {
        double[] delays = [.. shown.Select(s => ((NumberOf(s.AtNs) - s.Number) & NumberMask) / 1000.0).Order()];
        return delays.Length == 0 ? new(0, double.NaN, double.NaN) : new(delays.Length, At(delays, 0.5), At(delays, 0.99));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Frames} {P50Ms} {P99Ms}");

    public static ViewerDelay Parse(string line)
    {
        string[] words = line.Split(' ');
        return new(int.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture), double.Parse(words[2], CultureInfo.InvariantCulture));
    }

    private static double At(double[] sorted, double share) => sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
}
