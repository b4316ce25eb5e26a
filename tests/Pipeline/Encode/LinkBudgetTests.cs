using QemuZeroCopy.Pipeline.Encode;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

public sealed class LinkBudgetTests
{
    private const long Ms = 1_000_000;

    [Fact]
    public void A_large_picture_holds_back_the_next_until_it_has_nearly_been_sent()
    {
        var link = new LinkBudget(8_000_000);
        link.Send(300_000, 0);
        // 2.4 Mbit at 8 Mbit/s: 300 ms, of which 150 may be outstanding.
        Assert.Equal(150 * Ms, link.WaitNs(0));
        Assert.True(link.WaitNs(150 * Ms) <= 0);
        Assert.True(link.WaitForRefinementNs(150 * Ms) > 0);
        Assert.True(link.WaitForRefinementNs(270 * Ms) <= 0);
    }

    [Fact]
    public void Room_comes_back_as_the_link_drains()
    {
        var link = new LinkBudget(8_000_000);
        Assert.Equal(1_200_000, link.RoomBits(0));
        link.Send(100_000, 0);
        Assert.Equal(400_000, link.RoomBits(0));
        Assert.Equal(800_000, link.RoomBits(50 * Ms));
        Assert.Equal(1_200_000, link.RoomBits(900 * Ms));
    }

    [Fact]
    public void A_new_rate_counts_from_now_on()
    {
        var link = new LinkBudget(8_000_000);
        link.Send(200_000, 0);
        link.SetRate(80_000_000, 100 * Ms);
        Assert.Equal(12_000_000 - 800_000, link.RoomBits(100 * Ms));
    }
}
