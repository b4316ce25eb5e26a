using QemuZeroCopy.Interop.Opus;
using QemuZeroCopy.Pipeline.Audio;

namespace QemuZeroCopy.Pipeline.Tests.Audio;

/// <summary>What the guest plays, with a clock of the test's own and real Opus.</summary>
public sealed class SoundOutputTests : IDisposable
{
    private const long Ms = 1_000_000;

    private readonly SoundEncoder _encoder = new();
    private readonly Listener _listener = new();
    private readonly SoundOutput _output;
    private long _nowNs = 7_000 * Ms;
    private long _frames;

    public SoundOutputTests() => _output = new SoundOutput(_encoder, _listener);

    public void Dispose()
    {
        _encoder.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public void A_block_leaves_when_its_last_sample_has_come()
    {
        OutputVoice voice = Voice();
        for (int i = 0; i < 20; i++)
            Play(voice, 10);
        Assert.Equal(40, _listener.Times.Count);
        AssertContiguous(_listener.Times);
        Assert.InRange(SoundClock.At(_nowNs) - (_listener.Times[^1] + SoundClock.BlockFrames), 0, SoundClock.BlockFrames);
    }

    /// <summary>
    /// A block that waited for the next write came 10 ms after its time, and one that left with that as much before;
    /// the control of the drift went to and fro between the two, and the browser took it for jitter.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Each_write_of_two_blocks_is_two_packets_however_unsteady_they_come(int seed)
    {
        var random = new Random(seed);
        OutputVoice voice = Voice();
        byte[] block = Waves.ToS16(Waves.Tone(997, 48_000, 480));
        _listener.KeepsPackets = false;
        long start = _nowNs;
        for (int i = 1; i <= 6_000; i++)
        {
            _output.Write(voice, block, _nowNs = start + (i * 10 * Ms) + random.NextInt64(8 * Ms));
            Assert.Equal(2 * i, _listener.Times.Count);
        }

        AssertContiguous(_listener.Times);
    }

    [Theory]
    [InlineData(44_100u, 16, 2)]
    [InlineData(96_000u, 32, 1)]
    [InlineData(11_025u, 8, 1)]
    public void The_tone_that_is_heard_is_the_one_that_was_played(uint rate, int bits, int channels)
    {
        AudioFormat format = AudioFormatTests.Format(bits, true, false, false, channels, rate);
        _output.TryAdd(9, format);
        OutputVoice voice = _output.Find(9)!;
        for (int i = 0; i < 100; i++)
        {
            int frames = (int)(((i + 1L) * rate / 100) - (i * rate / 100));
            byte[] data = new byte[frames * format.BytesPerFrame];
            SampleConverter.FromStereo(format, Waves.Tone(997, (int)rate, frames, from: i * rate / 100), data);
            _output.Write(voice, data, _nowNs += 10 * Ms);
        }

        ReadOnlySpan<float> heard = _listener.Heard.AsSpan(_listener.Heard.Length / 4 * 2);
        Assert.Equal(0.5, Waves.Level(heard, 997, 48_000), 0.03);
        Assert.True(Waves.Purity(heard, 997, 48_000) > (bits == 8 ? 15 : 20), $"{Waves.Purity(heard, 997, 48_000):F1} dB");
    }

    /// <summary>Two minutes at a clock that is wrong by as much as a bad crystal, and one that is twice as bad.</summary>
    [Theory]
    [InlineData(+200)]
    [InlineData(-200)]
    [InlineData(+400)]
    public void Drift_between_the_clocks_is_taken_up_without_a_jump(int partsPerMillion)
    {
        OutputVoice voice = Voice();
        // Silence is placed in time as anything else, and needs no encoding.
        byte[] block = new byte[480 * 4];
        long worst = 0, first = 0, blocks = 0;
        for (int i = 0; i < 12_000; i++)
        {
            _nowNs += (long)(10 * Ms / (1 + (partsPerMillion * 1e-6)));
            long before = _output.Time;
            _output.Write(voice, block, _nowNs);
            if (before == 0)
                (first, blocks) = (_output.Time, 0);
            else
                blocks += (_output.Time - before) / SoundClock.BlockFrames;
            worst = Math.Max(worst, Math.Abs(SoundClock.At(_nowNs) - _output.Time));
        }

        Assert.Equal(first + (blocks * SoundClock.BlockFrames), _output.Time);
        Assert.InRange(SoundClock.At(_nowNs) - _output.Time, -2 * SoundClock.BlockFrames, 4 * SoundClock.BlockFrames);
        Assert.True(worst < 800, $"{worst / 48.0:F1} ms off");
    }

    /// <summary>A minute in which a listener has more in hand than it needs, until it has not.</summary>
    [Fact]
    public void What_listeners_hold_too_long_is_taken_back_without_a_jump()
    {
        const int spareMs = 40;
        OutputVoice voice = Voice();
        _listener.KeepsPackets = false;
        Play(voice, 10);
        long start = SoundClock.At(_nowNs) - _listener.Times[^1];
        double most = 0;
        for (int i = 0; i < 6_000; i++)
        {
            double before = Held();
            // What is held gets less by what the stream is behind the clock.
            _listener.SpareMs = (int)Math.Max(0, spareMs - before);
            Play(voice, 10);
            most = Math.Max(most, Math.Abs(Held() - before));
        }

        AssertContiguous(_listener.Times);
        Assert.InRange(Held(), spareMs - 1, spareMs + 6);
        // A block that is saved leaves with the write after.
        Assert.True(most < 5.1, $"{most:F1} ms in one go");
        _listener.KeepsPackets = true;
        int sent = _listener.Times.Count;
        var random = new Random(1);
        for (int i = 1; i <= 100; i++)
        {
            Play(voice, i == 1 ? 10 : random.Next(8, 13));
            Assert.Equal(sent + (2 * i), _listener.Times.Count);
        }

        Assert.True(Waves.Purity(_listener.Heard.AsSpan(_listener.Heard.Length / 4 * 2), 997, 48_000) > 20);

        double Held() => (SoundClock.At(_nowNs) - _listener.Times[^1] - start) / 48.0;
    }

    [Fact]
    public void A_stall_is_a_pause_and_what_piled_up_in_it_does_not_make_the_rest_late()
    {
        OutputVoice voice = Voice();
        for (int i = 0; i < 50; i++)
            Play(voice, 10);
        _nowNs += 300 * Ms;
        for (int i = 0; i < 30; i++)
            Play(voice, 0);
        for (int i = 0; i < 50; i++)
            Play(voice, 10);
        int gaps = 0;
        for (int i = 1; i < _listener.Times.Count; i++)
        {
            Assert.True(_listener.Times[i] >= _listener.Times[i - 1] + SoundClock.BlockFrames);
            gaps += _listener.Times[i] > _listener.Times[i - 1] + SoundClock.BlockFrames ? 1 : 0;
        }

        Assert.Equal(1, gaps);
        Assert.InRange(SoundClock.At(_nowNs) - _listener.Times[^1], -4 * SoundClock.BlockFrames, 4 * SoundClock.BlockFrames);
        // A hundred blocks before, a hundred after, and no more than a few of the sixty that piled up.
        Assert.InRange(_listener.Times.Count, 196, 212);
    }

    /// <summary>Late packets make a browser hold all that follows for longer; 30 ms tell a pause, unless QEMU does.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_end_of_the_sound_is_faded_out_and_told_and_then_nothing_is_sent(bool isTold)
    {
        OutputVoice voice = Voice();
        _output.SetEnabled(voice, true, _nowNs);
        for (int i = 0; i < 50; i++)
            Play(voice, 10);
        int played = _listener.Times.Count;
        if (isTold)
            _output.SetEnabled(voice, false, _nowNs += Ms);
        while (_output.DueNs != long.MaxValue)
        {
            Assert.True(_output.DueNs > _nowNs || (isTold && _listener.Times.Count == played));
            _nowNs = _output.DueNs;
            _output.HandlePause(_nowNs);
            long lateMs = (SoundClock.At(_nowNs) - _listener.Times[^1] - SoundClock.BlockFrames) * 1000 / SoundClock.Rate;
            Assert.InRange(lateMs, -5, !isTold && _listener.Times.Count == played + 1 ? 30 : 5);
        }

        Assert.InRange(_listener.Times.Count - played, 2, 50);
        AssertContiguous(_listener.Times[..(played + 1)]);
        AssertContiguous(_listener.Times[(isTold ? 0 : played + 1)..]);
        Assert.InRange(_listener.LastLength, 1, 2);
        // What the listener hears in the end is silence but for the decoder's own noise, and there is no step on the way to it.
        float[] heard = _listener.Heard;
        Assert.All(heard.Skip(heard.Length - 960), sample => Assert.InRange(sample, -0.005f, 0.005f));
        double step = Enumerable.Range(1_000, (heard.Length / 2) - 1_001).Max(i => Math.Abs(heard[2 * (i + 1)] - heard[2 * i]));
        Assert.InRange(step, 0, 2 * 0.5 * 2 * Math.PI * 997 / 48_000);
    }

    [Fact]
    public void A_guest_that_plays_silence_costs_nothing_after_a_while()
    {
        OutputVoice voice = Voice();
        for (int i = 0; i < 30; i++)
            Play(voice, 10);
        for (int i = 0; i < 100; i++)
            _output.Write(voice, new byte[480 * 4], _nowNs += 10 * Ms);
        int sent = _listener.Times.Count;
        for (int i = 0; i < 1_000; i++)
            _output.Write(voice, new byte[480 * 4], _nowNs += 10 * Ms);
        Assert.Equal(sent, _listener.Times.Count);
        Play(voice, 10);
        Play(voice, 10);
        Assert.True(_listener.Times.Count > sent);
        Assert.InRange(SoundClock.At(_nowNs) - _listener.Times[^1], 0, 4 * SoundClock.BlockFrames);
    }

    [Fact]
    public void Nothing_is_made_while_nobody_listens()
    {
        OutputVoice voice = Voice();
        _listener.IsHeard = false;
        for (int i = 0; i < 20; i++)
            Play(voice, 10);
        Assert.Empty(_listener.Times);
        Assert.Equal(long.MaxValue, _output.DueNs);
        _listener.IsHeard = true;
        Play(voice, 10);
        Assert.Equal(2, _listener.Times.Count);
    }

    [Fact]
    public void Volume_and_mute_of_the_guest_are_heard()
    {
        OutputVoice voice = Voice();
        voice.SetVolume(false, [128, 0]);
        for (int i = 0; i < 50; i++)
            Play(voice, 10);
        ReadOnlySpan<float> heard = _listener.Heard.AsSpan(_listener.Heard.Length / 4 * 2);
        Assert.Equal(0.25, Waves.Level(heard, 997, 48_000), 0.02);
        float right = 0;
        for (int i = 1; i < heard.Length; i += 2)
            right = Math.Max(right, Math.Abs(heard[i]));
        Assert.InRange(right, 0, 0.03);
        voice.SetVolume(true, [255, 255]);
        for (int i = 0; i < 100; i++)
            Play(voice, 10);
        Assert.InRange(_listener.LastLength, 1, 2);
    }

    [Fact]
    public void Two_voices_are_heard_together_and_one_that_falls_silent_holds_nobody_up()
    {
        OutputVoice first = Voice(), second = Voice(2);
        for (int i = 0; i < 60; i++)
        {
            _nowNs += 10 * Ms;
            _output.Write(first, Waves.ToS16(Waves.Tone(500, 48_000, 480, 0.3, i * 480L)), _nowNs);
            _output.Write(second, Waves.ToS16(Waves.Tone(2_000, 48_000, 480, 0.3, i * 480L)), _nowNs);
        }

        ReadOnlySpan<float> heard = _listener.Heard.AsSpan(_listener.Heard.Length / 4 * 2);
        Assert.Equal(0.3, Waves.Level(heard, 500, 48_000), 0.03);
        Assert.Equal(0.3, Waves.Level(heard, 2_000, 48_000), 0.03);
        int before = _listener.Times.Count;
        for (int i = 0; i < 20; i++)
            Play(first, 10);
        Assert.InRange(_listener.Times.Count - before, 34, 42);
    }

    [Fact]
    public void There_are_eight_voices_and_no_more()
    {
        AudioFormat format = AudioFormatTests.Format(16, true, false, false, 2);
        for (ulong id = 0; id < SoundOutput.MaxVoices; id++)
            Assert.True(_output.TryAdd(id, format));
        Assert.False(_output.TryAdd(99, format));
        Assert.True(_output.TryAdd(3, format));
        Assert.True(_output.Remove(3));
        Assert.False(_output.Remove(3));
    }

    [Fact]
    public void Sound_allocates_nothing()
    {
        OutputVoice voice = Voice();
        _listener.KeepsPackets = false;
        byte[] block = Waves.ToS16(Waves.Tone(1_000, 48_000, 480));
        for (int i = 0; i < 100; i++)
            _output.Write(voice, block, _nowNs += 10 * Ms);
        _listener.Times.Capacity = 1_000;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
            _output.Write(voice, block, _nowNs += 10 * Ms);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_torn_frame_and_a_flood_are_survived()
    {
        OutputVoice voice = Voice();
        _output.Write(voice, new byte[3], _nowNs);
        _output.Write(voice, [], _nowNs);
        _output.Write(voice, new byte[1_000_001], _nowNs += 10 * Ms);
        Assert.InRange(voice.Samples.Count, 0, SoundClock.Rate / 5);
        Assert.InRange(_listener.Times.Count, 0, 5);
    }

    private OutputVoice Voice(ulong id = 1)
    {
        Assert.True(_output.TryAdd(id, AudioFormatTests.Format(16, true, false, false, 2)));
        return _output.Find(id)!;
    }

    private void Play(OutputVoice voice, int elapsedMs)
    {
        _output.Write(voice, Waves.ToS16(Waves.Tone(997, 48_000, 480, from: _frames)), _nowNs += elapsedMs * Ms);
        _frames += 480;
    }

    private static void AssertContiguous(List<long> times)
    {
        for (int i = 1; i < times.Count; i++)
            Assert.Equal(times[i - 1] + SoundClock.BlockFrames, times[i]);
    }

    /// <summary>Decodes what it is given, as a browser would.</summary>
    private sealed class Listener : ISoundSink, IDisposable
    {
        private readonly OpusDecoder _decoder = OpusDecoder.Open();
        private readonly List<float> _heard = [];
        private readonly float[] _block = new float[SoundClock.BlockFrames * 2];

        public bool IsHeard { get; set; } = true;

        public bool KeepsPackets { get; set; } = true;

        public int LossPercent => 0;

        public int SpareMs { get; set; }

        public List<long> Times { get; } = [];

        public int LastLength { get; private set; }

        public float[] Heard => [.. _heard];

        public void Deliver(ReadOnlySpan<byte> opus, long sampleTime, long arrivedNs)
        {
            Times.Add(sampleTime);
            LastLength = opus.Length;
            if (!KeepsPackets)
                return;
            Assert.Equal(SoundClock.BlockFrames, _decoder.Decode(opus, _block));
            _heard.AddRange(_block);
        }

        public void Dispose() => _decoder.Dispose();
    }
}
