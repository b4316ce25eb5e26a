using System.Globalization;
using QemuZeroCopy.Bench.Browser;
using QemuZeroCopy.Bench.Report;

namespace QemuZeroCopy.Bench.Sound;

/// <summary>
/// Beeps as the guest's card took them and as the page heard them, in ms of the host's clock. The guest tells its own time of
/// each; the line that came soonest after its time joins its clock to the host's, so that one which comes late is no later.
/// </summary>
internal sealed class BeepDelays(double maxMarkMs)
{
    /// <summary>Beeps follow each other by 255 ms, and none is heard before its time but for what the clocks are beside each other.</summary>
    public const double EarliestMs = -5, LatestMs = 240;

    public Samples Delays { get; } = new();

    public int Asked { get; private set; }

    /// <summary>Of which the guest cannot say when the card took them.</summary>
    public int Unseen { get; private set; }

    public int Unheard { get; private set; }

    /// <summary>Adds a round: the guest's lines "beep N US WITHIN" with the Stopwatch's time of each, and when beeps were heard.</summary>
    public void Add(int asked, IReadOnlyList<(string Line, long At)> said, IReadOnlyList<double> heardMs)
    {
        Asked += asked;
        (double GuestMs, double WithinMs, double AtMs)[] marks =
            [.. said.Select(static mark => (Words: mark.Line.Split(' '), mark.At)).Where(static mark => mark.Words.Length == 4).Select(static mark => (Ms(mark.Words[2]), Ms(mark.Words[3]), PageClock.ToMs(mark.At)))];
        if (marks.Length == 0)
            return;
        double offset = marks.Min(static mark => mark.AtMs - mark.GuestMs);
        foreach ((double guestMs, double withinMs, _) in marks)
        {
            double at = guestMs + offset;
            if (withinMs > maxMarkMs)
                Unseen++;
            else if (heardMs.Where(time => time > at + EarliestMs && time < at + LatestMs).Select(static time => (double?)time).FirstOrDefault() is { } heard)
                Delays.Add(heard - at);
            else
                Unheard++;
        }
    }

    private static double Ms(string us) => long.Parse(us, CultureInfo.InvariantCulture) / 1000.0;
}
