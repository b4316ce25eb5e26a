namespace QemuZeroCopy.Interop.Linux;

/// <summary>
/// Threads that top, gdb and perf know by their name. Native AOT's runtime keeps a thread's name to itself
/// (pthread_setname_np(3): 15 bytes are shown).
/// </summary>
public static class NamedThread
{
    private const int LongestShown = 15;

    /// <summary>A background thread that is still to be started.</summary>
    /// <param name="name">In ASCII.</param>
    /// <param name="run">What it does.</param>
    public static Thread Create(string name, Action run) => new(() =>
    {
        _ = Libc.PthreadSetName(Libc.PthreadSelf(), name[..Math.Min(name.Length, LongestShown)]);
        run();
    }) { Name = name, IsBackground = true };
}
