using System.Globalization;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>
/// What the kernel let the thread of a qzc wait that answers QEMU: proc_pid_schedstat(5) and proc_pid_stat(5).
/// </summary>
/// <param name="WaitedNs">For a processor, while it was ready to run.</param>
/// <param name="MajorFaults">Pages of the program that had to be read from the disk first, which is the host's, over 9p.</param>
internal readonly record struct AnsweringThread(long WaitedNs, long MajorFaults)
{
    private const string Name = "qzc-display";

    // In /proc/…/stat, counted from behind the command's name: state is the first.
    private const int MajorFaultsField = 9;

    public static AnsweringThread Of(int processId)
    {
        var sum = new AnsweringThread();
        foreach (string task in Directory.GetDirectories($"/proc/{processId}/task"))
        {
            if (NameOf(task) != Name)
                continue;
            string[] scheduled = File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ');
            string[] stat = File.ReadAllText(Path.Combine(task, "stat")).Split(") ")[1].Split(' ');
            sum = new AnsweringThread(
                sum.WaitedNs + long.Parse(scheduled[1], CultureInfo.InvariantCulture), sum.MajorFaults + long.Parse(stat[MajorFaultsField], CultureInfo.InvariantCulture));
        }

        return sum;
    }

    private static string? NameOf(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).TrimEnd();
        }
        catch (IOException)
        {
            // A thread of the runtime's pool, which has ended meanwhile.
            return null;
        }
    }
}
