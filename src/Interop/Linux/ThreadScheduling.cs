using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>How the kernel's scheduler treats the calling thread (sched(7), sched_setattr(2)).</summary>
public static unsafe class ThreadScheduling
{
    /// <summary>The niceness that <see cref="PreferWakeUp"/> asks for.</summary>
    public const int PreferredNiceness = -10;

    /// <summary>The slice that <see cref="PreferWakeUp"/> asks for, in ns: the shortest that Linux gives.</summary>
    public const long PreferredSliceNs = 100_000;

    private const uint Normal = 0; // SCHED_OTHER
    private const ulong ResetOnFork = 1;

    /// <summary>Niceness of the calling thread, and its slice in ns; 0 before Linux 6.12. Null where the kernel does not tell.</summary>
    public static (int Niceness, long SliceNs)? Current => TryGet(out Attributes attributes) ? (attributes.Niceness, (long)attributes.RuntimeNs) : null;

    /// <summary>
    /// For a thread that has little to do and shall do it at once: asks for a short slice, which any thread may (Linux 6.12
    /// reckons its deadline by it), and where the process may and its niceness is the usual one, for a lower niceness.
    /// Threads that this one starts have the usual of both. False where the kernel leaves all as it was.
    /// </summary>
    public static bool PreferWakeUp()
    {
        if (!TryGet(out Attributes attributes) || attributes.Policy != Normal)
            return false;
        int niceness = attributes.Niceness;
        attributes.Flags |= ResetOnFork;
        attributes.RuntimeNs = PreferredSliceNs;
        attributes.Niceness = niceness == 0 ? PreferredNiceness : niceness;
        if (TrySet(attributes))
            return true;
        attributes.Niceness = niceness;
        return TrySet(attributes);
    }

    /// <summary>
    /// Takes back <see cref="PreferWakeUp"/>: the usual slice, and <paramref name="niceness"/>, which the thread had before. Its
    /// children keep having the usual of both.
    /// </summary>
    public static bool PreferNoMore(int niceness)
    {
        if (!TryGet(out Attributes attributes) || attributes.Policy != Normal)
            return false;
        // Only a privileged process may clear the flag that PreferWakeUp has set.
        attributes.RuntimeNs = 0;
        attributes.Niceness = niceness;
        return TrySet(attributes);
    }

    private static bool TryGet(out Attributes attributes)
    {
        attributes = default;
        fixed (Attributes* pointer = &attributes)
            return Numbers is (var get, _) && Libc.Syscall(get, 0, pointer, sizeof(Attributes), 0) == 0;
    }

    private static bool TrySet(Attributes attributes)
    {
        attributes.Size = (uint)sizeof(Attributes);
        return Numbers is (_, var set) && Libc.Syscall(set, 0, &attributes, 0, 0) == 0;
    }

    // glibc has functions for them from 2.41 on only: asm/unistd_64.h, asm-generic/unistd.h.
    private static (nint Get, nint Set)? Numbers => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => (315, 314),
        Architecture.Arm64 => (275, 274),
        _ => null,
    };

    /// <summary>struct sched_attr (linux/sched/types.h), SCHED_ATTR_SIZE_VER0.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Attributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Niceness;
        public uint Priority;
        public ulong RuntimeNs;
        public ulong DeadlineNs;
        public ulong PeriodNs;
    }
}
