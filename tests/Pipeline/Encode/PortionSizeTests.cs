using QemuZeroCopy.Pipeline.Encode;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

public sealed class PortionSizeTests
{
    private const int Room = 150_000, Most = 500;

    private PortionSize _size = new();

    [Fact]
    public void The_first_portion_may_be_dense_text()
    {
        int blocks = _size.For(Room, Most);
        Assert.InRange(blocks * 600, 1, Room / 4);
        Assert.Equal(Most, _size.For(100 * Room, Most));
    }

    [Fact]
    public void Portions_of_empty_ground_grow_until_they_are_the_largest()
    {
        int last = _size.For(Room, Most);
        for (int i = 0; i < 6; i++)
        {
            _size.Learn(last, last / 4);
            int next = _size.For(Room, Most);
            Assert.InRange(next, last, 2 * last + 1);
            last = next;
        }

        Assert.Equal(Most, last);
    }

    [Fact]
    public void Text_after_empty_ground_makes_portions_small_at_once()
    {
        int first = _size.For(Room, Most);
        for (int i = 0; i < 8; i++)
            _size.Learn(Most, 100);
        _size.Learn(Most, Most * 600 / 8);
        Assert.Equal(first, _size.For(Room, Most));
    }

    [Fact]
    public void On_the_slowest_link_there_is_a_portion_still()
    {
        _size.Learn(10, 1_000_000);
        Assert.InRange(_size.For(1, Most), 1, 20);
        _size.Learn(0, 100);
        Assert.InRange(_size.For(1, Most), 1, 20);
    }
}
