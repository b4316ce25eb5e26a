namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>
/// Turns the distance between two clocks into a correction of the resampling ratio: a proportional and integral control on
/// the mean distance, critically damped, and so slow that nobody hears the pitch move.
/// </summary>
internal sealed class DriftControl
{
    /// <summary>0.3 %, which is a twentieth of a semitone; crystals differ by less than 0.02 %.</summary>
    public const double Limit = 0.003;

    /// <summary>
    /// Samples come in blocks, so that the distance swings by one of them all the time; without the mean, the pitch would
    /// swing along.
    /// </summary>
    private const double MeanSeconds = 2;

    /// <summary>Settles in some 20 s; a clock that is wrong by 200 parts in a million never gets further off than 2 ms.</summary>
    private const double Gain = 0.1;

    private const double IntegralGain = Gain * Gain / 4;

    private double _mean = double.NaN;
    private double _integral;

    /// <summary>Forgets the past: another stream, or a jump.</summary>
    public void Reset() => (_mean, _integral) = (double.NaN, 0);

    /// <summary>Takes how far one side is ahead, and how long it has been since the last look, in seconds; gives the correction.</summary>
    public double Update(double errorSeconds, double elapsedSeconds)
    {
        _mean = double.IsNaN(_mean) ? errorSeconds : _mean + ((errorSeconds - _mean) * Math.Min(1, elapsedSeconds / MeanSeconds));
        _integral = Math.Clamp(_integral + (IntegralGain * _mean * elapsedSeconds), -Limit, Limit);
        return Math.Clamp((Gain * _mean) + _integral, -Limit, Limit);
    }
}
