namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>
/// What the guest plays: voices are mixed into blocks of 5 ms that stand on the host's clock. A block leaves when its
/// last sample has come, so that nothing waits here. Belongs to the audio thread.
/// </summary>
internal sealed class SoundOutput(SoundEncoder encoder, ISoundSink sink)
{
    /// <summary>QEMU mixes the cards of one backend into one voice unless it is told otherwise; a handful serves any set-up.</summary>
    internal const int MaxVoices = 8;

    /// <summary>
    /// Blocks this late, 25 ms, stand for a pause in the guest, and time jumps over it; blocks this early, 15 ms, are what
    /// piled up during one, and are left out. QEMU's timer of 10 ms with blocks of up to 11 ms stays within; any more, and the
    /// browser would take the spread for jitter of the network and play everything later.
    /// </summary>
    private const int MaxLateFrames = SoundClock.Rate / 40, MaxEarlyFrames = SoundClock.Rate * 3 / 200;

    /// <summary>So long without samples, the sound is over: it is faded out, and silence follows while the listeners need it.</summary>
    private const long PauseNs = 30_000_000;

    private const long BlockNs = 5_000_000;

    /// <summary>
    /// 1 ms ahead of what a stream brings: where each write is so many blocks, a sample less than that would leave with the next.
    /// </summary>
    private const int SpareFrames = SoundClock.Rate / 1000;

    /// <summary>So much of one voice does not wait for another: two of QEMU's blocks.</summary>
    private const int MaxAheadFrames = SoundClock.Rate / 50;

    /// <summary>
    /// What the listeners hold too long is taken back, its eighth in a second, and by so little that nobody hears it and that
    /// a browser, which looks at two seconds for packets that come late, sees 3 ms of it. It lengthens what it
    /// holds within a moment and shortens it by nothing that is less than some 40 ms; but of a source that is slow it uses up
    /// what it has.
    /// </summary>
    private const double ShortenSeconds = 8, MaxHaste = 0.0015;

    /// <summary>What is no further than this from a number of blocks is one, but for rounding.</summary>
    private const double Whole = 1e-6;

    /// <summary>Two seconds tell where a stream usually stands beside the clock.</summary>
    private const int UsualBlocks = 400;

    private readonly List<OutputVoice> _voices = new(MaxVoices);
    private readonly float[] _block = new float[SoundClock.BlockFrames * 2];
    private readonly float[] _cut = new float[SoundClock.FadeFrames * 2];
    private readonly DriftControl _drift = new();
    private double _correction;
    private double _resampling;
    private double _skipped;
    private double _usual;
    private int _usualBlocks;
    private long _time;
    private long _writtenNs;
    private bool _isRunning;
    private bool _wasCut;
    private bool _isFaded;
    private (float Left, float Right) _last;

    /// <summary>Whether a voice of the guest is playing.</summary>
    public bool IsPlaying => _voices.Exists(voice => voice.IsEnabled);

    /// <summary>The sample that the next block begins with.</summary>
    public long Time => _time;

    /// <summary>When <see cref="HandlePause"/> is wanted; long.MaxValue: not.</summary>
    public long DueNs { get; private set; } = long.MaxValue;

    /// <summary>Adds a voice; one of the same number is replaced. False where there are too many.</summary>
    public bool TryAdd(ulong id, AudioFormat format)
    {
        Remove(id);
        if (_voices.Count == MaxVoices)
            return false;
        _voices.Add(new OutputVoice(id, format));
        return true;
    }

    public bool Remove(ulong id) => _voices.RemoveAll(voice => voice.Id == id) > 0;

    /// <summary>The voice of that number; null where there is none.</summary>
    public OutputVoice? Find(ulong id)
    {
        foreach (OutputVoice voice in _voices)
        {
            if (voice.Id == id)
                return voice;
        }

        return null;
    }

    /// <summary>The connection is gone, and all voices with it.</summary>
    public void Clear() => _voices.Clear();

    /// <summary>A voice plays, or does not any more; where none does, the sound is over without a wait for more of it.</summary>
    public void SetEnabled(OutputVoice voice, bool enabled, long nowNs)
    {
        voice.IsEnabled = enabled;
        if (_isRunning && !IsPlaying)
            DueNs = Math.Min(DueNs, nowNs);
    }

    /// <summary>Takes samples of a voice, and hands on the blocks that are complete.</summary>
    public void Write(OutputVoice voice, ReadOnlySpan<byte> data, long nowNs)
    {
        if (!sink.IsHeard)
        {
            voice.Clear();
            Stop();
            return;
        }

        if (nowNs - voice.WrittenNs > PauseNs)
            voice.Samples.WriteSilence(SpareFrames);
        voice.Write(data, nowNs, _resampling);
        _writtenNs = nowNs;
        _isFaded = false;
        while (TryMix(nowNs))
            Emit(nowNs, isPause: false);
        DueNs = _isRunning ? nowNs + PauseNs : long.MaxValue;
    }

    /// <summary>The guest plays no more: what is left is faded out, and silence follows until the listeners know.</summary>
    public void HandlePause(long nowNs)
    {
        if (nowNs < DueNs)
            return;
        if (!sink.IsHeard)
        {
            Stop();
            return;
        }

        _block.AsSpan().Clear();
        int frames = 0;
        foreach (OutputVoice voice in _voices)
            frames = Math.Max(frames, voice.Samples.Mix(_block));
        FadeOut(frames);
        Emit(nowNs, isPause: true);
        _isFaded = true;
        if (encoder.IsQuiet)
            Stop();
        else
            DueNs = nowNs + BlockNs;
    }

    private void Stop()
    {
        _isRunning = false;
        _last = default;
        DueNs = long.MaxValue;
    }

    /// <summary>
    /// Mixes the next block where all voices that play have one. One that lags is not waited for when another has
    /// 20 ms.
    /// </summary>
    private bool TryMix(long nowNs)
    {
        int least = int.MaxValue, most = 0;
        foreach (OutputVoice voice in _voices)
        {
            most = Math.Max(most, voice.Samples.Count);
            if (nowNs - voice.WrittenNs < PauseNs)
                least = Math.Min(least, voice.Samples.Count);
        }

        if (most < SoundClock.BlockFrames || (least < SoundClock.BlockFrames && most < MaxAheadFrames))
            return false;
        _block.AsSpan().Clear();
        foreach (OutputVoice voice in _voices)
            voice.Samples.Mix(_block);
        return true;
    }

    /// <summary>
    /// The end of a sound follows on what was heard, however late that has become; what was played stands in its own time, and so
    /// does silence, lest it should look late to a browser, which would hold everything after it for longer.
    /// </summary>
    private void Emit(long nowNs, bool isPause)
    {
        long now = SoundClock.At(nowNs) - (long)_skipped;
        long most = !isPause ? MaxLateFrames : _isFaded ? SoundClock.BlockFrames : long.MaxValue;
        if (!_isRunning || now - (_time + SoundClock.BlockFrames) > most)
        {
            _isRunning = true;
            // The rest of what came with it follows at once.
            _time = now - SoundClock.BlockFrames - Math.Min(Waiting(), SoundClock.BlockFrames);
            (_correction, _usual, _usualBlocks) = (0, 0, 0);
            _drift.Reset();
        }

        long late = now - (_time + SoundClock.BlockFrames);
        if (late < -MaxEarlyFrames)
        {
            if (!_wasCut)
                _block.AsSpan(0, _cut.Length).CopyTo(_cut);
            _wasCut = true;
            return;
        }

        if (!isPause)
            Follow(late);
        double haste = isPause ? 0 : Haste();
        _skipped += SoundClock.BlockFrames * haste;
        _resampling = _correction + haste;
        JoinCut();
        for (int i = 0; i < _block.Length; i++)
            _block[i] = Math.Clamp(_block[i], -1, 1);
        _last = (_block[^2], _block[^1]);
        encoder.Encode(_block, _time, isPause ? nowNs : _writtenNs, sink);
        _time += SoundClock.BlockFrames;
    }

    /// <summary>
    /// By what share fewer samples are made of the same sound, and the stream's clock goes slower. It is whole blocks that
    /// are saved, so that in the end blocks leave with the same writes as before.
    /// </summary>
    private double Haste()
    {
        double wanted = sink.SpareMs / (1000 * ShortenSeconds), blocks = _skipped / SoundClock.BlockFrames;
        return Math.Min(wanted > 0 ? wanted : Math.Max(0, Math.Ceiling(blocks - Whole) - blocks), MaxHaste);
    }

    /// <summary>
    /// Keeps what has come where it usually stands beside the clock. The newest sample is what is looked at: the blocks' own
    /// lateness jumps by one of them where a sample more or less makes it leave with another write, and does not tell before.
    /// </summary>
    private void Follow(long late)
    {
        double behind = late - Waiting();
        if (_usualBlocks < UsualBlocks)
            _usual += (behind - _usual) / ++_usualBlocks;
        else
            // Behind means that too little has been made of the samples so far: they are used up more slowly.
            _correction = _drift.Update((_usual - behind) / SoundClock.Rate, (double)SoundClock.BlockFrames / SoundClock.Rate);
    }

    /// <summary>Samples beyond the block that is made now, of every voice that plays.</summary>
    private int Waiting()
    {
        int waiting = int.MaxValue;
        foreach (OutputVoice voice in _voices)
        {
            if (_writtenNs - voice.WrittenNs < PauseNs)
                waiting = Math.Min(waiting, voice.Samples.Count);
        }

        return waiting == int.MaxValue ? 0 : waiting;
    }

    /// <summary>Where blocks were left out, the sound goes over from what came first there.</summary>
    private void JoinCut()
    {
        if (!_wasCut)
            return;
        _wasCut = false;
        for (int i = 0; i < _cut.Length; i++)
        {
            float share = (float)(i / 2) / SoundClock.FadeFrames;
            _block[i] = (_cut[i] * (1 - share)) + (_block[i] * share);
        }
    }

    /// <summary>After the last sample the level goes to nothing instead of falling there.</summary>
    private void FadeOut(int frames)
    {
        (float left, float right) = frames > 0 ? (_block[(2 * frames) - 2], _block[(2 * frames) - 1]) : _last;
        for (int i = frames; i < Math.Min(frames + SoundClock.FadeFrames, SoundClock.BlockFrames); i++)
        {
            float share = 1 - ((float)(i - frames + 1) / SoundClock.FadeFrames);
            _block[2 * i] += left * share;
            _block[(2 * i) + 1] += right * share;
        }
    }
}
