using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>Signals to another process, which System.Diagnostics.Process cannot send.</summary>
public static partial class ProcessSignal
{
    /// <summary>SIGHUP of Linux.</summary>
    public const int Hangup = 1;

    /// <summary>SIGINT of Linux.</summary>
    public const int Interrupt = 2;

    /// <summary>SIGTERM of Linux.</summary>
    public const int Terminate = 15;

    /// <summary>Sends <paramref name="signal"/> to the process; false where it is gone or not ours.</summary>
    public static bool Send(int processId, int signal)
    {
        // 0 and negative numbers would mean whole groups.
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(processId);
        return kill(processId, signal) == 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int processId, int signal);
}
