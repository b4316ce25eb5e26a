namespace QemuZeroCopy.Pipeline.Tests.Audio;

/// <summary>Tones, and how pure one is.</summary>
internal static class Waves
{
    public static float[] Tone(double hz, int rate, int frames, double level = 0.5, long from = 0)
    {
        float[] stereo = new float[frames * 2];
        for (int i = 0; i < frames; i++)
            stereo[2 * i] = stereo[(2 * i) + 1] = (float)(level * Math.Sin(2 * Math.PI * hz * (from + i) / rate));
        return stereo;
    }

    /// <summary>16-bit frames, little-endian, two channels.</summary>
    public static byte[] ToS16(ReadOnlySpan<float> stereo)
    {
        byte[] bytes = new byte[stereo.Length * 2];
        for (int i = 0; i < stereo.Length; i++)
            BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (short)Math.Round(stereo[i] * 32767));
        return bytes;
    }

    /// <summary>Level of the sine of that frequency which fits the left channel best.</summary>
    public static double Level(ReadOnlySpan<float> stereo, double hz, int rate) => Fit(stereo, hz, rate).Level;

    /// <summary>Signal to noise in dB, where everything but the best fitting sine of that frequency is noise.</summary>
    public static double Purity(ReadOnlySpan<float> stereo, double hz, int rate)
    {
        (double level, double noise) = Fit(stereo, hz, rate);
        return 10 * Math.Log10(level * level / 2 / Math.Max(noise, 1e-30));
    }

    private static (double Level, double Noise) Fit(ReadOnlySpan<float> stereo, double hz, int rate)
    {
        double ss = 0, cc = 0, sc = 0, sy = 0, cy = 0, step = 2 * Math.PI * hz / rate;
        int frames = stereo.Length / 2;
        for (int i = 0; i < frames; i++)
        {
            (double s, double c) = Math.SinCos(step * i);
            ss += s * s;
            cc += c * c;
            sc += s * c;
            sy += s * stereo[2 * i];
            cy += c * stereo[2 * i];
        }

        double determinant = (ss * cc) - (sc * sc);
        double a = ((sy * cc) - (cy * sc)) / determinant, b = ((cy * ss) - (sy * sc)) / determinant, noise = 0;
        for (int i = 0; i < frames; i++)
        {
            (double s, double c) = Math.SinCos(step * i);
            noise += Math.Pow(stereo[2 * i] - (a * s) - (b * c), 2);
        }

        return (Math.Sqrt((a * a) + (b * b)), noise / frames);
    }
}
