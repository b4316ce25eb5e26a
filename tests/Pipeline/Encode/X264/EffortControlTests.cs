using QemuZeroCopy.Pipeline.Encode.X264;

namespace QemuZeroCopy.Pipeline.Tests.Encode.X264;

public sealed class EffortControlTests
{
    private const long Frame = 16_666_667;

    [Fact]
    public void A_picture_that_takes_too_long_lowers_the_effort_at_once()
    {
        var control = new EffortControl(1);
        Assert.True(control.Learn(Frame * 7 / 10, Frame));
        Assert.Equal(0, control.Effort);
        Assert.False(control.Learn(Frame, Frame));
    }

    [Fact]
    public void Effort_rises_again_after_half_a_second_of_room()
    {
        var control = new EffortControl(1);
        control.Learn(Frame, Frame);
        for (int i = 0; i < 29; i++)
            Assert.False(control.Learn(Frame / 10, Frame));
        Assert.True(control.Learn(Frame / 10, Frame));
        Assert.Equal(1, control.Effort);
    }

    [Fact]
    public void One_slow_picture_starts_the_wait_anew()
    {
        var control = new EffortControl(1);
        control.Learn(Frame, Frame);
        for (int i = 0; i < 29; i++)
            control.Learn(Frame / 10, Frame);
        control.Learn(Frame / 2, Frame);
        Assert.False(control.Learn(Frame / 10, Frame));
        Assert.Equal(0, control.Effort);
    }
}
