using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;

namespace QemuZeroCopy.Pipeline.Tests.Encode.X264;

public sealed class QuantizerControlTests
{
    private static readonly Detail ScreenOfText = new(4000 * 80, 200);
    private static readonly Detail OneGlyph = new(200, 200);

    [Fact]
    public void A_small_change_is_sharp_at_once()
    {
        var control = new QuantizerControl();
        control.Choose(ScreenOfText, true, 100_000);
        Assert.Equal(QuantizerControl.FinestStill, control.Choose(OneGlyph, false, 500_000, isSmall: true));
    }

    [Fact]
    public void A_large_change_is_coarsened_to_the_room()
    {
        var control = new QuantizerControl();
        int chosen = control.Choose(ScreenOfText, false, 500_000);
        Assert.InRange(ScreenOfText.BitsAt(chosen), 1, 500_000);
        Assert.True(chosen == QuantizerControl.Coarsest || ScreenOfText.BitsAt(chosen - 1) > 500_000);
    }

    [Fact]
    public void What_motion_compensation_saves_is_learned_and_forgotten_after_a_rest()
    {
        var control = new QuantizerControl();
        int first = control.Choose(ScreenOfText, false, 500_000);
        for (int i = 0; i < 12; i++)
        {
            control.Learn((int)(ScreenOfText.BitsAt(control.Last) / 8), false);
            control.Choose(ScreenOfText, false, 500_000);
        }

        Assert.True(control.Last < first);
        control.Forget();
        Assert.Equal(first, control.Choose(ScreenOfText, false, 500_000));
    }

    [Fact]
    public void A_slight_fall_is_not_made()
    {
        var control = new QuantizerControl();
        int steady = control.Choose(ScreenOfText, false, 500_000);
        // Room for one quantizer finer, then for many.
        Assert.Equal(steady, control.Choose(ScreenOfText, false, (int)ScreenOfText.BitsAt(steady - 1) + 1));
        Assert.Equal(steady - 3, control.Choose(ScreenOfText, false, 4_000_000));
    }

    [Fact]
    public void Refinement_only_ever_sharpens()
    {
        var control = new QuantizerControl();
        control.Choose(ScreenOfText, true, 100_000);
        int before = control.Last;
        for (int step = 1; step <= RefinementMap.LastStep; step++)
        {
            int next = control.Refine(step);
            Assert.True(next < before);
            before = next;
        }

        Assert.Equal(QuantizerControl.FinestStill, before);
    }

    [Fact]
    public void Detail_and_quantizer_are_each_others_inverse()
    {
        for (int quantizer = 10; quantizer < 51; quantizer++)
            Assert.InRange(ScreenOfText.QuantizerFor(ScreenOfText.BitsAt(quantizer) * 1.0001), quantizer, quantizer);
    }
}
