using QemuZeroCopy.Pipeline.Convert.Cpu;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Cpu;

public sealed class Bt709Tests
{
    [Fact]
    public void Every_colour_is_within_one_step_of_the_exact_value()
    {
        double worstY = 0, worstCb = 0, worstCr = 0;
        for (int r = 0; r < 256; r++)
        {
            for (int g = 0; g < 256; g++)
            {
                for (int b = 0; b < 256; b += b < 252 ? 3 : 1)
                {
                    (double y, double cb, double cr) = Bt709.Exact(r, g, b);
                    worstY = Math.Max(worstY, Math.Abs(Bt709.Luma(r, g, b) - y));
                    worstCb = Math.Max(worstCb, Math.Abs(Bt709.Cb(r, g, b) - cb));
                    worstCr = Math.Max(worstCr, Math.Abs(Bt709.Cr(r, g, b) - cr));
                }
            }
        }

        Assert.InRange(worstY, 0, 0.8);
        Assert.InRange(worstCb, 0, 0.6);
        Assert.InRange(worstCr, 0, 0.6);
    }

    [Theory]
    [InlineData(0, 0, 0, 16, 128, 128)]
    [InlineData(255, 255, 255, 235, 128, 128)]
    [InlineData(255, 0, 0, 63, 102, 240)]
    [InlineData(0, 255, 0, 173, 42, 26)]
    [InlineData(0, 0, 255, 32, 240, 118)]
    public void The_corners_are_those_of_the_standard(int r, int g, int b, int y, int cb, int cr)
    {
        Assert.InRange(Bt709.Luma(r, g, b) - y, -1, 1);
        Assert.InRange(Bt709.Cb(r, g, b) - cb, -1, 1);
        Assert.InRange(Bt709.Cr(r, g, b) - cr, -1, 1);
    }

    [Fact]
    public void Grey_has_no_colour()
    {
        for (int v = 0; v < 256; v++)
        {
            Assert.Equal(128, Bt709.Cb(v, v, v));
            Assert.Equal(128, Bt709.Cr(v, v, v));
        }
    }
}
