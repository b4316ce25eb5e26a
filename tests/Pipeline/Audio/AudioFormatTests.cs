using QemuZeroCopy.Pipeline.Audio;

namespace QemuZeroCopy.Pipeline.Tests.Audio;

public sealed class AudioFormatTests
{
    [Theory]
    [InlineData(0, false, 48_000u, 2, 0u)]
    [InlineData(24, false, 48_000u, 2, 6u)]
    [InlineData(64, true, 48_000u, 2, 16u)]
    [InlineData(16, true, 48_000u, 2, 4u)]
    [InlineData(16, false, 0u, 2, 4u)]
    [InlineData(16, false, 4_000_000_000u, 2, 4u)]
    [InlineData(16, false, 48_000u, 0, 0u)]
    [InlineData(16, false, 48_000u, 255, 510u)]
    [InlineData(16, false, 48_000u, 2, 3u)]
    [InlineData(16, false, 48_000u, 2, 0u)]
    public void What_cannot_be_is_refused(int bits, bool isFloat, uint rate, int channels, uint bytesPerFrame)
    {
        Assert.False(AudioFormat.TryCreate(bits, true, isFloat, rate, channels, bytesPerFrame, false, out _));
    }

    /// <summary>Every sample format that QEMU has, by what the loudest, the lowest and no sound look like in memory.</summary>
    [Theory]
    [InlineData(8, true, false, false, "7F", "80", "00")]
    [InlineData(8, false, false, false, "FF", "00", "80")]
    [InlineData(16, true, false, false, "FF7F", "0080", "0000")]
    [InlineData(16, true, false, true, "7FFF", "8000", "0000")]
    [InlineData(16, false, false, false, "FFFF", "0000", "0080")]
    [InlineData(16, false, false, true, "FFFF", "0000", "8000")]
    [InlineData(32, true, false, false, "FFFFFF7F", "00000080", "00000000")]
    [InlineData(32, true, false, true, "7FFFFFFF", "80000000", "00000000")]
    [InlineData(32, false, false, false, "FFFFFFFF", "00000000", "00000080")]
    [InlineData(32, false, false, true, "FFFFFFFF", "00000000", "80000000")]
    [InlineData(32, true, true, false, "0000803F", "000080BF", "00000000")]
    [InlineData(32, true, true, true, "3F800000", "BF800000", "00000000")]
    public void Each_format_is_read_and_written(int bits, bool isSigned, bool isFloat, bool isBigEndian, string high, string low, string zero)
    {
        AudioFormat format = Format(bits, isSigned, isFloat, isBigEndian, 2);
        byte[] frames = [.. System.Convert.FromHexString(high), .. System.Convert.FromHexString(low), .. System.Convert.FromHexString(zero), .. System.Convert.FromHexString(high)];
        float[] stereo = new float[4];
        SampleConverter.ToStereo(format, frames, stereo);
        Assert.Equal([1f, -1f, 0f, 1f], stereo, (a, b) => Math.Abs(a - b) < 0.01);
        byte[] back = new byte[frames.Length];
        SampleConverter.FromStereo(format, [1, -1, 0, 5], back);
        Assert.Equal(frames, back);
        // A ramp survives to the format's own resolution.
        float[] ramp = [.. Enumerable.Range(0, 200).Select(i => (i / 100f) - 1)], again = new float[200];
        byte[] written = new byte[100 * format.BytesPerFrame];
        SampleConverter.FromStereo(format, ramp, written);
        SampleConverter.ToStereo(format, written, again);
        Assert.Equal(ramp, again, (a, b) => Math.Abs(a - b) <= (bits == 8 ? 1f / 128 : 1f / 32768));
    }

    [Fact]
    public void All_channels_are_heard_and_none_too_loud()
    {
        for (int channels = 1; channels <= AudioFormat.MaxChannels; channels++)
        {
            AudioFormat format = Format(16, true, false, false, channels);
            byte[] full = [.. Enumerable.Repeat((byte[])[0xFF, 0x7F], channels).SelectMany(b => b)];
            float[] stereo = new float[2];
            SampleConverter.ToStereo(format, full, stereo);
            Assert.Equal(1, stereo[0], 0.001);
            Assert.Equal(1, stereo[1], 0.001);
            for (int channel = 0; channel < channels; channel++)
            {
                byte[] one = new byte[channels * 2];
                one[(2 * channel) + 1] = 0x40;
                SampleConverter.ToStereo(format, one, stereo);
                bool isLowFrequency = channel == 3 && channels >= 6;
                Assert.Equal(isLowFrequency, stereo[0] + stereo[1] == 0);
            }
        }
    }

    [Fact]
    public void A_mono_recording_gets_both_sides_and_a_wide_one_no_more_than_two()
    {
        byte[] mono = new byte[2], wide = new byte[12];
        SampleConverter.FromStereo(Format(16, true, false, false, 1), [0.5f, 0.25f], mono);
        Assert.Equal(0.375, BitConverter.ToInt16(mono) / 32768.0, 0.001);
        SampleConverter.FromStereo(Format(16, true, false, false, 6), [0.5f, 0.25f], wide);
        Assert.Equal([0.5, 0.25, 0, 0, 0, 0], Enumerable.Range(0, 6).Select(i => Math.Round(BitConverter.ToInt16(wide, 2 * i) / 32768.0, 3)));
    }

    [Fact]
    public void What_is_not_a_number_is_silent()
    {
        AudioFormat format = Format(32, true, true, false, 2);
        float[] stereo = new float[2];
        SampleConverter.ToStereo(format, [.. BitConverter.GetBytes(float.NaN), .. BitConverter.GetBytes(float.PositiveInfinity)], stereo);
        Assert.Equal([0f, 1f], stereo);
    }

    internal static AudioFormat Format(int bits, bool isSigned, bool isFloat, bool isBigEndian, int channels, uint rate = 48_000)
    {
        Assert.True(AudioFormat.TryCreate(bits, isSigned, isFloat, rate, channels, (uint)(bits / 8 * channels), isBigEndian, out AudioFormat format));
        return format;
    }
}
