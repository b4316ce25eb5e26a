using System.Numerics;
using System.Runtime.InteropServices;

namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>
/// From one sample rate to another, stereo, by a windowed sinc whose phases are interpolated, so that the ratio may be any
/// and may change from sample to sample: that is how drift between clocks is taken up. Allocates nothing once made.
/// </summary>
internal sealed class Resampler
{
    /// <summary>Zero crossings of the sinc, both sides together, at the lower of the two rates.</summary>
    private const int Crossings = 64;

    private const int Phases = 256;

    /// <summary>Kaiser's β for 80 dB; the transition then takes 0.08 of the lower rate, which Cutoff leaves room for.</summary>
    private const double Beta = 8;

    private const double Cutoff = 0.46;
    private const int BlockFrames = 512;

    private readonly int _taps;
    private readonly float[] _table;
    private readonly float[] _left;
    private readonly float[] _right;
    private readonly double _nominalStep;
    private int _held;
    private double _position;
    private double _step;

    /// <summary>With silence before the first sample.</summary>
    public Resampler(int fromRate, int toRate)
    {
        _nominalStep = _step = (double)fromRate / toRate;
        double widening = Math.Max(1, _nominalStep);
        int lanes = Vector<float>.Count;
        _taps = ((int)Math.Ceiling(Crossings * widening) + lanes - 1) / lanes * lanes;
        _table = CreateTable(_taps, Cutoff * 2 / widening);
        _left = new float[_taps + BlockFrames];
        _right = new float[_taps + BlockFrames];
        Reset();
    }

    /// <summary>What one output sample is behind the input at most, in input frames.</summary>
    public int DelayFrames => _taps / 2;

    /// <summary>How much faster than nominal the input is used up: 0.001 is a tenth of a percent.</summary>
    public double Correction
    {
        set => _step = _nominalStep * (1 + value);
    }

    /// <summary>Forgets what went in.</summary>
    public void Reset()
    {
        _held = _taps - 1;
        _position = 0;
        _left.AsSpan(0, _held).Clear();
        _right.AsSpan(0, _held).Clear();
    }

    /// <summary>
    /// Takes input until that or the room for output is used up. Gives the frames put out; <paramref name="consumed"/> are
    /// those taken.
    /// </summary>
    public int Process(ReadOnlySpan<float> input, Span<float> output, out int consumed)
    {
        consumed = 0;
        int produced = 0, room = output.Length / 2, offered = input.Length / 2;
        while (true)
        {
            while (produced < room && (int)_position + _taps <= _held)
            {
                Interpolate(out output[2 * produced], out output[(2 * produced) + 1]);
                produced++;
                _position += _step;
            }

            DropUsed();
            int take = Math.Min(offered - consumed, _left.Length - _held);
            if (produced == room || take <= 0)
                return produced;
            for (int i = 0; i < take; i++)
            {
                _left[_held + i] = input[2 * (consumed + i)];
                _right[_held + i] = input[(2 * (consumed + i)) + 1];
            }

            _held += take;
            consumed += take;
        }
    }

    private void DropUsed()
    {
        int used = Math.Min((int)_position, _held);
        if (used == 0)
            return;
        _left.AsSpan(used, _held - used).CopyTo(_left);
        _right.AsSpan(used, _held - used).CopyTo(_right);
        _held -= used;
        _position -= used;
    }

    private void Interpolate(out float left, out float right)
    {
        int first = (int)_position;
        double phase = (_position - first) * Phases;
        int row = (int)phase;
        float share = (float)(phase - row);
        ReadOnlySpan<Vector<float>> lower = MemoryMarshal.Cast<float, Vector<float>>(_table.AsSpan(row * _taps, _taps));
        ReadOnlySpan<Vector<float>> upper = MemoryMarshal.Cast<float, Vector<float>>(_table.AsSpan((row + 1) * _taps, _taps));
        ReadOnlySpan<Vector<float>> leftFrom = MemoryMarshal.Cast<float, Vector<float>>(_left.AsSpan(first, _taps));
        ReadOnlySpan<Vector<float>> rightFrom = MemoryMarshal.Cast<float, Vector<float>>(_right.AsSpan(first, _taps));
        Vector<float> leftSum = default, rightSum = default;
        for (int i = 0; i < lower.Length; i++)
        {
            Vector<float> weight = lower[i] + ((upper[i] - lower[i]) * share);
            leftSum += leftFrom[i] * weight;
            rightSum += rightFrom[i] * weight;
        }

        left = Vector.Sum(leftSum);
        right = Vector.Sum(rightSum);
    }

    /// <summary>One row for each phase and one beyond, each of sum 1. <paramref name="band"/> is the pass band's share of the input's.</summary>
    private static float[] CreateTable(int taps, double band)
    {
        float[] table = new float[(Phases + 1) * taps];
        double[] row = new double[taps];
        for (int phase = 0; phase <= Phases; phase++)
        {
            double sum = 0;
            for (int i = 0; i < taps; i++)
            {
                double x = i - (taps / 2 - 1) - ((double)phase / Phases);
                double ratio = Math.Clamp(x / (taps / 2), -1, 1);
                double window = Bessel(Beta * Math.Sqrt(1 - (ratio * ratio)));
                sum += row[i] = window * (x == 0 ? band : Math.Sin(Math.PI * band * x) / (Math.PI * x));
            }

            for (int i = 0; i < taps; i++)
                table[(phase * taps) + i] = (float)(row[i] / sum);
        }

        return table;
    }

    /// <summary>The modified Bessel function of the first kind and order 0, by its series.</summary>
    private static double Bessel(double x)
    {
        double sum = 1, term = 1;
        for (int k = 1; term > 1e-12 * sum; k++)
            sum += term *= x / (2 * k) * (x / (2 * k));
        return sum;
    }
}
