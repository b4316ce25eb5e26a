namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>
/// Volume and mute as QEMU tells them: a byte for each channel, linear, 255 for full (audio/dbusaudio.c). A change is
/// spread over 2.5 ms, so that it does not click.
/// </summary>
internal struct Gain
{
    private const float Step = 1f / SoundClock.FadeFrames;

    private float _left;
    private float _right;
    private float _leftTarget;
    private float _rightTarget;

    /// <summary>Full volume.</summary>
    public static Gain Full => new() { _left = 1, _right = 1, _leftTarget = 1, _rightTarget = 1 };

    /// <summary>Takes a new volume; one byte serves both sides, bytes beyond the second are for channels that were mixed in.</summary>
    public void Set(bool mute, ReadOnlySpan<byte> volume)
    {
        _leftTarget = mute ? 0 : volume.IsEmpty ? 1 : volume[0] / 255f;
        _rightTarget = mute ? 0 : volume.Length < 2 ? _leftTarget : volume[1] / 255f;
    }

    public void Apply(Span<float> stereo)
    {
        if (_left == 1 && _right == 1 && _leftTarget == 1 && _rightTarget == 1)
            return;
        for (int i = 0; i < stereo.Length; i += 2)
        {
            stereo[i] *= _left = Approach(_left, _leftTarget);
            stereo[i + 1] *= _right = Approach(_right, _rightTarget);
        }
    }

    private static float Approach(float value, float target) => value < target ? Math.Min(target, value + Step) : Math.Max(target, value - Step);
}
