using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.Interop.Tests.Linux;

public sealed class ThreadSchedulingTests
{
    private static readonly Version SlicesCame = new(6, 12);

    [Fact]
    public void A_thread_that_prefers_to_wake_up_has_a_short_slice_and_where_it_may_a_low_niceness_and_its_children_have_neither()
    {
        (int Niceness, long SliceNs)? before = null, after = null, child = null;
        bool granted = false;
        Join(() =>
        {
            before = ThreadScheduling.Current;
            granted = ThreadScheduling.PreferWakeUp();
            after = ThreadScheduling.Current;
            Join(() => child = ThreadScheduling.Current);
        });
        Assert.SkipWhen(before is null, "The kernel has no sched_getattr.");
        Assert.True(granted);
        Assert.Contains(after!.Value.Niceness, (int[])[before.Value.Niceness, ThreadScheduling.PreferredNiceness]);
        Assert.Equal(Math.Max(before.Value.Niceness, 0), child!.Value.Niceness);
        if (Environment.OSVersion.Version < SlicesCame)
            return;
        Assert.Equal(ThreadScheduling.PreferredSliceNs, after.Value.SliceNs);
        Assert.Equal(before.Value.SliceNs, child.Value.SliceNs);
    }

    [Fact]
    public void A_thread_that_went_first_for_a_while_is_as_it_was_before()
    {
        (int Niceness, long SliceNs)? before = null, after = null, again = null;
        bool tookBack = false;
        Join(() =>
        {
            before = ThreadScheduling.Current;
            ThreadScheduling.PreferWakeUp();
            tookBack = ThreadScheduling.PreferNoMore(before?.Niceness ?? 0);
            after = ThreadScheduling.Current;
            ThreadScheduling.PreferWakeUp();
            ThreadScheduling.PreferNoMore(before?.Niceness ?? 0);
            again = ThreadScheduling.Current;
        });
        Assert.SkipWhen(before is null, "The kernel has no sched_getattr.");
        Assert.True(tookBack);
        Assert.Equal(before, after);
        Assert.Equal(before, again);
    }

    [Fact]
    public void The_thread_that_asked_for_nothing_is_left_alone()
    {
        (int, long)? before = ThreadScheduling.Current;
        Join(() => ThreadScheduling.PreferWakeUp());
        Assert.Equal(before, ThreadScheduling.Current);
    }

    private static void Join(ThreadStart run)
    {
        var thread = new Thread(run);
        thread.Start();
        thread.Join();
    }
}
