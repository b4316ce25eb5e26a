using System.Globalization;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode.X264;

/// <summary>
/// How many slices to encode at the same time. More threads shorten a full picture (1.4 times on 2 cores,
/// 2 on 4, 2.4 on 8), cost bits at the slices' borders, and take cores from the guest.
/// </summary>
internal static class ThreadCount
{
    private const int Most = 8;

    // Below this a picture is encoded before a second thread has woken up.
    private const int PixelsForTwo = 1_000_000;

    public static int For(PictureSize size) => For(size, Environment.ProcessorCount, ReadLoad());

    /// <summary>Half of the cores that the machine's load (running threads, mean of a minute) leaves free, and two where the picture is large.</summary>
    public static int For(PictureSize size, int cores, double load)
    {
        long pixels = (long)size.Width * size.Height;
        if (cores < 2 || pixels < PixelsForTwo || load > cores)
            return 1;
        double free = Math.Max(cores - load, 0);
        return (int)Math.Clamp(Math.Round((free + cores) / 4), 2, Most);
    }

    private static double ReadLoad()
    {
        try
        {
            string text = File.ReadAllText("/proc/loadavg");
            return double.Parse(text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or ArgumentOutOfRangeException)
        {
            return 0;
        }
    }
}
