namespace QemuZeroCopy.Pipeline.Tests;

/// <summary>Tests that count the process's fds run alone: every other test opens some.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CountsFds
{
    /// <summary>For <see cref="CollectionAttribute"/>.</summary>
    public const string Name = "counts fds";

    /// <summary>All fds of the process, once what earlier tests left to the collector has gone.</summary>
    public static int Now()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return Directory.GetFiles("/proc/self/fd").Length;
    }
}
