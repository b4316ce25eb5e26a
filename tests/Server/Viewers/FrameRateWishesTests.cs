using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Tests.Viewers;

public sealed class FrameRateWishesTests
{
    private readonly FrameRateWishes _wishes = new(limit: 144);
    private readonly object _one = new(), _other = new();

    [Fact]
    public void Without_a_wish_it_is_what_most_displays_show() => Assert.Equal(60, _wishes.Full);

    [Fact]
    public void A_low_limit_holds_without_a_wish_too() => Assert.Equal(24, new FrameRateWishes(24).Full);

    [Fact]
    public void The_fastest_display_is_served_and_no_faster_than_the_limit()
    {
        Assert.True(_wishes.Set(_one, 30));
        Assert.Equal(30, _wishes.Full);
        Assert.True(_wishes.Set(_other, 120));
        Assert.Equal(120, _wishes.Full);
        Assert.True(_wishes.Set(_other, 1000));
        Assert.Equal(144, _wishes.Full);
        Assert.False(_wishes.Set(_one, 20));
    }

    [Fact]
    public void Who_has_gone_wants_nothing()
    {
        _wishes.Set(_one, 30);
        _wishes.Set(_other, 120);
        Assert.True(_wishes.Set(_other, null));
        Assert.Equal(30, _wishes.Full);
        Assert.True(_wishes.Set(_one, null));
        Assert.Equal(60, _wishes.Full);
        Assert.False(_wishes.Set(_one, null));
    }
}
