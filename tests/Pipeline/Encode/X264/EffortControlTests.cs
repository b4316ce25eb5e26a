using QemuZeroCopy.Pipeline.Encode.X264;

namespace QemuZeroCopy.Pipeline.Tests.Encode.X264;

public sealed class EffortControlTests
{
    private const long Frame = 16_666_667;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_second_picture_that_takes_too_long_lowers_the_effort(int between)
    {
        var control = new EffortControl(1);
        Assert.False(control.Learn(Frame * 7 / 10, Frame));
        for (int i = 0; i < between; i++)
            Assert.False(control.Learn(Frame / 2, Frame));
        Assert.True(control.Learn(Frame * 7 / 10, Frame));
        Assert.Equal(0, control.Effort);
        Assert.False(control.Learn(Frame, Frame));
    }

    [Fact]
    public void Single_pictures_that_take_too_long_are_the_machines_doing()
    {
        var control = new EffortControl(1);
        for (int i = 0; i < 30; i++)
            Assert.False(control.Learn(i % 3 == 0 ? Frame : Frame / 2, Frame));
        Assert.Equal(1, control.Effort);
    }

    [Fact]
    public void Effort_rises_again_after_half_a_second_of_room()
    {
        EffortControl control = Lowered();
        for (int i = 0; i < 29; i++)
            Assert.False(control.Learn(Frame / 10, Frame));
        Assert.True(control.Learn(Frame / 10, Frame));
        Assert.Equal(1, control.Effort);
    }

    [Fact]
    public void One_slow_picture_starts_the_wait_anew()
    {
        EffortControl control = Lowered();
        for (int i = 0; i < 29; i++)
            control.Learn(Frame / 10, Frame);
        control.Learn(Frame / 2, Frame);
        Assert.False(control.Learn(Frame / 10, Frame));
        Assert.Equal(0, control.Effort);
    }

    private static EffortControl Lowered()
    {
        var control = new EffortControl(1);
        control.Learn(Frame, Frame);
        control.Learn(Frame, Frame);
        Assert.Equal(0, control.Effort);
        return control;
    }
}
