namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>One stream of samples from QEMU, on its way to 48 kHz stereo.</summary>
internal sealed class OutputVoice(ulong id, AudioFormat format)
{
    /// <summary>200 ms: QEMU sends 10 ms at a time, and what is older than this is of no use to a listener.</summary>
    private const int CapacityFrames = SoundClock.Rate / 5;

    private const int ChunkFrames = 256;

    private readonly Resampler _resampler = new(format.Rate, SoundClock.Rate);
    private readonly float[] _input = new float[ChunkFrames * 2];
    private readonly float[] _output = new float[ChunkFrames * 2];
    private Gain _gain = Gain.Full;

    public ulong Id { get; } = id;

    public AudioFormat Format { get; } = format;

    public bool IsEnabled { get; set; }

    /// <summary>When samples came last.</summary>
    public long WrittenNs { get; private set; } = long.MinValue / 2;

    /// <summary>Samples that wait to be mixed.</summary>
    public StereoBuffer Samples { get; } = new(CapacityFrames);

    public void SetVolume(bool mute, ReadOnlySpan<byte> volume) => _gain.Set(mute, volume);

    /// <summary>Takes whole frames; a torn one at the end is left out.</summary>
    public void Write(ReadOnlySpan<byte> data, long nowNs, double correction)
    {
        WrittenNs = nowNs;
        _resampler.Correction = correction;
        int chunkBytes = ChunkFrames * Format.BytesPerFrame;
        for (int left = data.Length - (data.Length % Format.BytesPerFrame); left > 0; left -= chunkBytes)
        {
            ReadOnlySpan<byte> chunk = data[..Math.Min(left, chunkBytes)];
            data = data[chunk.Length..];
            Span<float> input = _input.AsSpan(0, chunk.Length / Format.BytesPerFrame * 2);
            SampleConverter.ToStereo(Format, chunk, input);
            while (true)
            {
                int produced = _resampler.Process(input, _output, out int consumed);
                input = input[(consumed * 2)..];
                Span<float> output = _output.AsSpan(0, produced * 2);
                _gain.Apply(output);
                Samples.Write(output);
                if (input.IsEmpty && produced < ChunkFrames)
                    break;
            }
        }
    }

    /// <summary>Forgets what waits.</summary>
    public void Clear()
    {
        Samples.Clear();
        _resampler.Reset();
    }
}
