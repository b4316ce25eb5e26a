using QemuZeroCopy.Pipeline.Audio;

namespace QemuZeroCopy.Pipeline.Tests.Audio;

public sealed class ResamplerTests
{
    [Theory]
    [InlineData(44_100, 48_000, 997)]
    [InlineData(44_100, 48_000, 15_000)]
    [InlineData(48_000, 48_000, 15_000)]
    [InlineData(8_000, 48_000, 1_000)]
    [InlineData(11_025, 48_000, 3_000)]
    [InlineData(96_000, 48_000, 10_000)]
    [InlineData(192_000, 48_000, 997)]
    [InlineData(384_000, 48_000, 997)]
    [InlineData(48_000, 44_100, 997)]
    [InlineData(48_000, 8_000, 1_000)]
    public void A_tone_stays_pure_and_as_loud_as_it_was(int from, int to, int hz)
    {
        float[] output = Run(new Resampler(from, to), Waves.Tone(hz, from, from / 2), to);
        Assert.InRange(output.Length / 2, (to / 2) - 80, (to / 2) + 1);
        ReadOnlySpan<float> settled = output.AsSpan(output.Length / 4 / 2 * 2);
        Assert.Equal(0.5, Waves.Level(settled, hz, to), 0.01);
        Assert.True(Waves.Purity(settled, hz, to) > 75, $"{Waves.Purity(settled, hz, to):F1} dB");
    }

    [Theory]
    [InlineData(96_000, 48_000, 30_000)]
    [InlineData(48_000, 8_000, 5_000)]
    public void What_the_lower_rate_cannot_hold_is_gone(int from, int to, int hz)
    {
        float[] output = Run(new Resampler(from, to), Waves.Tone(hz, from, from / 2), to);
        float loudest = output.Skip(output.Length / 2).Max(Math.Abs);
        Assert.True(loudest < 0.5 * 0.0005, $"{20 * Math.Log10(loudest / 0.5):F1} dB");
    }

    [Fact]
    public void The_ratio_may_change_all_the_time_without_a_click()
    {
        var resampler = new Resampler(48_000, 48_000);
        float[] input = Waves.Tone(997, 48_000, 96_000), output = new float[200_000];
        int produced = 0;
        for (int block = 0; block < 200; block++)
        {
            resampler.Correction = DriftControl.Limit * Math.Sin(block / 10.0);
            produced += resampler.Process(input.AsSpan(block * 960, 960), output.AsSpan(produced * 2), out int consumed);
            Assert.Equal(480, consumed);
        }

        // The second difference of a sine is (2πf/fs)² of its level; a step would stand far out.
        double bound = 0.5 * Math.Pow(2 * Math.PI * 997 / 48_000 * 1.01, 2);
        for (int i = 200; i < produced - 1; i++)
            Assert.InRange(Math.Abs(output[2 * (i + 1)] - (2 * output[2 * i]) + output[2 * (i - 1)]), 0, bound);
    }

    [Fact]
    public void Blocks_of_any_size_give_the_same_as_one()
    {
        float[] input = Waves.Tone(3_000, 44_100, 20_000);
        float[] whole = Run(new Resampler(44_100, 48_000), input, 48_000);
        var resampler = new Resampler(44_100, 48_000);
        var pieces = new List<float>();
        var random = new Random(7);
        float[] room = new float[512];
        for (ReadOnlySpan<float> rest = input; ;)
        {
            int offered = Math.Min(rest.Length, random.Next(0, 300) * 2), space = random.Next(0, 250) * 2;
            int produced = resampler.Process(rest[..offered], room.AsSpan(0, space), out int consumed);
            pieces.AddRange(room.AsSpan(0, produced * 2));
            rest = rest[(consumed * 2)..];
            if (rest.IsEmpty && space > 0 && produced == 0)
                break;
        }

        Assert.Equal(whole, pieces, (a, b) => Math.Abs(a - b) < 1e-4);
    }

    [Fact]
    public void Resampling_allocates_nothing()
    {
        var resampler = new Resampler(44_100, 48_000);
        float[] input = Waves.Tone(997, 44_100, 441), output = new float[1200];
        resampler.Process(input, output, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            resampler.Process(input, output, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static float[] Run(Resampler resampler, float[] input, int rate)
    {
        float[] output = new float[rate * 2];
        int produced = resampler.Process(input, output, out int consumed);
        Assert.Equal(input.Length / 2, consumed);
        return output[..(produced * 2)];
    }
}
