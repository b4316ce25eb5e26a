using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QemuZeroCopy.Bench.Report;

/// <summary>What the kernel did to this thread since it began: getrusage(2) with RUSAGE_THREAD.</summary>
/// <param name="Faults">Pages that had to be given to it, from memory or from disk.</param>
/// <param name="Waits">Times it gave up the processor by itself.</param>
/// <param name="Preemptions">Times the processor was taken from it.</param>
internal readonly partial record struct ThreadUsage(long Faults, long Waits, long Preemptions)
{
    private const int RusageThread = 1;

    // In struct rusage of the 64-bit ABIs: two struct timeval, then one long each.
    private const int Longs = 18, MinorFaults = 8, MajorFaults = 9, VoluntarySwitches = 16, InvoluntarySwitches = 17;

    public static ThreadUsage Now
    {
        get
        {
            GetUsage(RusageThread, out Usage usage);
            return new ThreadUsage(usage[MinorFaults] + usage[MajorFaults], usage[VoluntarySwitches], usage[InvoluntarySwitches]);
        }
    }

    public static ThreadUsage operator -(ThreadUsage a, ThreadUsage b) => new(a.Faults - b.Faults, a.Waits - b.Waits, a.Preemptions - b.Preemptions);

    [InlineArray(Longs)]
    private struct Usage
    {
        private long _first;
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetUsage(int who, out Usage usage);
}
