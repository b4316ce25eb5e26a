namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>Stereo samples in order, bounded: what does not fit pushes the oldest out.</summary>
internal sealed class StereoBuffer(int capacityFrames)
{
    private readonly float[] _samples = new float[capacityFrames * 2];

    /// <summary>Frames held.</summary>
    public int Count { get; private set; }

    /// <summary>Frames pushed out unread since the start.</summary>
    public long Lost { get; private set; }

    public void Write(ReadOnlySpan<float> stereo)
    {
        if (stereo.Length > _samples.Length)
        {
            Lost += (stereo.Length - _samples.Length) / 2;
            stereo = stereo[^_samples.Length..];
        }

        int surplus = Count + (stereo.Length / 2) - (_samples.Length / 2);
        if (surplus > 0)
        {
            Lost += surplus;
            Drop(surplus);
        }

        stereo.CopyTo(_samples.AsSpan(Count * 2));
        Count += stereo.Length / 2;
    }

    /// <summary>As <see cref="Write"/> of so many frames of nothing, as far as there is room for them.</summary>
    public void WriteSilence(int frames)
    {
        frames = Math.Min(frames, (_samples.Length / 2) - Count);
        _samples.AsSpan(Count * 2, frames * 2).Clear();
        Count += frames;
    }

    /// <summary>Takes what there is, up to the room given; gives the frames.</summary>
    public int Read(Span<float> stereo)
    {
        int frames = Math.Min(Count, stereo.Length / 2);
        _samples.AsSpan(0, frames * 2).CopyTo(stereo);
        Drop(frames);
        return frames;
    }

    /// <summary>Takes as <see cref="Read"/> does, and adds to what stands in <paramref name="stereo"/>.</summary>
    public int Mix(Span<float> stereo)
    {
        int frames = Math.Min(Count, stereo.Length / 2);
        for (int i = 0; i < frames * 2; i++)
            stereo[i] += _samples[i];
        Drop(frames);
        return frames;
    }

    /// <summary>Leaves out frames ahead, by a cross-fade that starts with what would have come next.</summary>
    public void Skip(int frames)
    {
        frames = Math.Min(frames, Count);
        int fade = Math.Min(SoundClock.FadeFrames, Math.Min(frames, Count - frames));
        for (int i = 0; i < fade; i++)
        {
            float share = (float)i / fade;
            for (int channel = 0; channel < 2; channel++)
            {
                ref float later = ref _samples[(2 * (frames + i)) + channel];
                later = (_samples[(2 * i) + channel] * (1 - share)) + (later * share);
            }
        }

        Drop(frames);
    }

    public void Clear() => Count = 0;

    private void Drop(int frames)
    {
        _samples.AsSpan(frames * 2, (Count - frames) * 2).CopyTo(_samples);
        Count -= frames;
    }
}
