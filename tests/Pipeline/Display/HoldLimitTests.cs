using QemuZeroCopy.Pipeline.Display.Listening;

namespace QemuZeroCopy.Pipeline.Tests.Display;

/// <summary>When the thread that answers QEMU should wake up, so that the guest is held no longer than the limit.</summary>
public sealed class HoldLimitTests
{
    private const long Ms = 1_000_000, Limit = 15 * Ms;

    [Fact]
    public void A_thread_that_wakes_in_time_comes_to_use_the_whole_limit()
    {
        var limit = new HoldLimit(Limit);
        Assert.InRange(limit.Ns, Limit / 2, Limit - Ms);
        for (int i = 0; i < 200; i++)
            limit.Learn(limit.Ns);
        Assert.InRange(limit.Ns, Limit - (Ms / 10), Limit);
    }

    [Fact]
    public void After_one_late_answer_a_thread_that_is_always_as_late_answers_in_time()
    {
        var limit = new HoldLimit(Limit);
        const long late = 4 * Ms;
        limit.Learn(limit.Ns + late);
        for (int i = 0; i < 100; i++)
        {
            Assert.True(limit.Ns + late <= Limit);
            limit.Learn(limit.Ns + late);
        }
    }

    [Fact]
    public void A_thread_that_was_kept_for_a_second_gives_pictures_half_of_the_limit_at_least_and_more_again_when_it_is_not()
    {
        var limit = new HoldLimit(Limit);
        limit.Learn(1000 * Ms);
        Assert.Equal(Limit / 2, limit.Ns);
        for (int i = 0; i < 500; i++)
            limit.Learn(limit.Ns);
        Assert.InRange(limit.Ns, Limit - Ms, Limit);
    }
}
