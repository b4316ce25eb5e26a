using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.Interop.Tests.Linux;

/// <summary>What the kernel shows of a thread (proc_pid_comm(5)).</summary>
public sealed class NamedThreadTests
{
    [Theory]
    [InlineData("qzc-test", "qzc-test")]
    [InlineData("qzc-test-of-a-long-name", "qzc-test-of-a-l")]
    public void A_thread_goes_by_as_much_of_its_name_as_the_kernel_takes(string name, string shown)
    {
        string? found = null;
        Thread thread = NamedThread.Create(name, () => found = File.ReadAllText("/proc/thread-self/comm").TrimEnd());
        thread.Start();
        thread.Join();
        Assert.Equal(shown, found);
        Assert.Equal(name, thread.Name);
    }
}
