namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>
/// One stream that the guest records. QEMU asks for as much as its buffer holds, and believes whatever it is given; so
/// what it gets is measured by the clock, silence where there is no microphone.
/// </summary>
internal sealed class InputVoice(ulong id, AudioFormat format)
{
    /// <summary>What may be owed to a reader that was late: 40 ms. After a pause of the machine the rest is forgotten.</summary>
    private const int MaxOwedMs = 40;

    private const int ChunkFrames = 256;

    private readonly Resampler _resampler = new(SoundClock.Rate, format.Rate);
    private readonly float[] _input = new float[ChunkFrames * 2];
    private readonly float[] _output = new float[ChunkFrames * 2];
    private Gain _gain = Gain.Full;
    private long _startNs;
    private long _given;

    public ulong Id { get; } = id;

    public AudioFormat Format { get; } = format;

    public bool IsEnabled { get; private set; }

    public void Enable(bool enabled, long nowNs)
    {
        IsEnabled = enabled;
        (_startNs, _given) = (nowNs, 0);
        _resampler.Reset();
    }

    public void SetVolume(bool mute, ReadOnlySpan<byte> volume) => _gain.Set(mute, volume);

    /// <summary>
    /// Fills in what is due now, in whole frames; gives the bytes. <paramref name="microphone"/> is null for a voice that
    /// has none.
    /// </summary>
    public int Read(MicrophoneInput? microphone, Span<byte> data, long nowNs)
    {
        int frames = (int)Math.Min(data.Length / Format.BytesPerFrame, Owed(nowNs));
        _given += frames;
        for (int left = frames; left > 0;)
        {
            int chunk = Math.Min(left, ChunkFrames);
            Produce(microphone, _output.AsSpan(0, chunk * 2));
            _gain.Apply(_output.AsSpan(0, chunk * 2));
            SampleConverter.FromStereo(Format, _output, data[..(chunk * Format.BytesPerFrame)]);
            data = data[(chunk * Format.BytesPerFrame)..];
            left -= chunk;
        }

        return frames * Format.BytesPerFrame;
    }

    private long Owed(long nowNs)
    {
        long due = (long)((nowNs - _startNs) * 1e-9 * Format.Rate);
        long most = (long)Format.Rate * MaxOwedMs / 1000;
        if (due - _given > most)
            _given = due - most;
        return Math.Max(0, due - _given);
    }

    private void Produce(MicrophoneInput? microphone, Span<float> output)
    {
        int used = 0, produced = _resampler.Process(default, output, out _);
        for (output = output[(produced * 2)..]; !output.IsEmpty; output = output[(produced * 2)..])
        {
            // No more than is needed, so that the rest stays where its level is seen. What cannot put out more takes all.
            Span<float> input = _input.AsSpan(0, 2 * Math.Clamp((int)(output.Length / 2 * (double)SoundClock.Rate / Format.Rate), 1, ChunkFrames));
            if (microphone is null)
                input.Clear();
            else
                microphone.Read(input);
            used += input.Length / 2;
            produced = _resampler.Process(input, output, out _);
        }

        if (microphone is not null)
            _resampler.Correction = microphone.Correct(used);
    }
}
